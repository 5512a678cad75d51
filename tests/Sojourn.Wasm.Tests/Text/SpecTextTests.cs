using System.Text;
using Sojourn.Testing;
using Sojourn.Wasm.Text;
using Sojourn.Wasm.Text.Script;
using Xunit;
using Xunit.Abstractions;

namespace Sojourn.Wasm.Tests.Text;

/// <summary>Every official script is read; every malformed text is refused, and nothing else is.</summary>
public sealed class SpecTextTests(ITestOutputHelper output)
{
    [VectorTheory("wasm-spec")]
    [InlineData("2.0", 148)]
    [InlineData("3.0", 258)]
    public void Every_script_is_read_and_every_malformed_text_refused(string version, int scripts)
    {
        var faults = new StringBuilder();
        var files = Directory.GetFiles(Vectors.PathOf($"wasm-spec/{version}"), "*.wast", SearchOption.AllDirectories).Order(StringComparer.Ordinal).ToArray();
        Assert.Equal(scripts, files.Length);
        var modules = 0;
        var malformed = 0;
        var options = WatOptions.Default with { WideLimits = version != "2.0" };
        foreach (var file in files)
        {
            var name = Path.GetFileName(file);
            try
            {
                foreach (var command in ScriptReader.Read(File.ReadAllBytes(file)))
                {
                    var refused = command is AssertMalformed;
                    var (module, message) = command switch
                    {
                        ModuleCommand x => (x.Module, ""),
                        AssertInvalid x => (x.Module, ""),
                        AssertUnlinkable x => (x.Module, ""),
                        AssertTrap { Module: { } inner } => (inner, ""),
                        AssertMalformed { Module.Form: not ScriptModuleForm.Binary } x => (x.Module, x.Message),
                        _ => (null, ""),
                    };
                    if (module is null)
                    {
                        continue;
                    }

                    modules++;
                    malformed += refused ? 1 : 0;
                    try
                    {
                        module.ToBinary(options);
                        if (refused)
                        {
                            faults.AppendLine($"{name}:{command.Line}: should be malformed: {message}");
                        }
                    }
                    catch (WatException error)
                    {
                        if (!refused)
                        {
                            faults.AppendLine($"{name}:{command.Line}: {error.Message}");
                        }
                        else if (!SameReason(error, message))
                        {
                            faults.AppendLine($"{name}:{command.Line}: wanted '{message}', got {error.Fault}: {error.Message}");
                        }
                    }
                }
            }
            catch (WatException error)
            {
                faults.AppendLine($"{name}: {error.Message}");
            }
        }

        output.WriteLine($"{version}: {files.Length} scripts, {modules} texts, {malformed} of them malformed");
        Assert.True(faults.Length == 0, faults.ToString());
    }

    /// <summary>The script's words against our closed list of reasons.</summary>
    private static bool SameReason(WatException error, string wanted) => wanted switch
    {
        // These two the official tests call by either name: a misplaced word or an unknown one.
        "unknown operator" => error.Fault is TextFault.UnexpectedToken or TextFault.UnknownOperator or TextFault.LaneCount or TextFault.LaneIndex,

        // A result before a parameter ends the type use, so that the type is compared first.
        "unexpected token" => error.Fault is TextFault.UnexpectedToken or TextFault.UnknownOperator or TextFault.LaneCount or TextFault.LaneIndex or TextFault.InlineFunctionType,

        // A quoted name that is no string has no name at all to the official reader; ours says why it is no string.
        "empty identifier" or "empty annotation id" => error.Fault is TextFault.EmptyIdentifier or TextFault.EmptyAnnotationId or TextFault.UnclosedString or TextFault.IllegalCharacter,
        _ when wanted.StartsWith("i8 constant", StringComparison.Ordinal) => error.Fault is TextFault.LaneIndex or TextFault.ConstantOutOfRange,
        "malformed lane index" => error.Fault is TextFault.LaneIndex,
        "wrong number of lane literals" or "invalid lane length" => error.Fault is TextFault.LaneCount or TextFault.UnexpectedToken or TextFault.ConstantOutOfRange,
        "alignment" => error.Fault is TextFault.Alignment,
        "unclosed string" => error.Fault is TextFault.UnclosedString,
        "inline function type" => error.Fault is TextFault.InlineFunctionType,
        _ when wanted.Contains("constant", StringComparison.Ordinal) => error.Fault is TextFault.ConstantOutOfRange,
        _ when wanted.StartsWith("unknown operator", StringComparison.Ordinal) => error.Fault is TextFault.UnknownOperator,
        _ when wanted.StartsWith("duplicate", StringComparison.Ordinal) => error.Fault is TextFault.DuplicateIdentifier,
        _ when wanted.StartsWith("import after", StringComparison.Ordinal) => error.Fault is TextFault.ImportOrder,
        _ => error.Detail.StartsWith(wanted, StringComparison.Ordinal),
    };
}
