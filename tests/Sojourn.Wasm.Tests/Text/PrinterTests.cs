using System.Text;
using Sojourn.Testing;
using Sojourn.Wasm.Text;
using Sojourn.Wasm.Text.Script;
using Xunit;
using Xunit.Abstractions;

namespace Sojourn.Wasm.Tests.Text;

/// <summary>Printing a module and reading the text gives the same bytes.</summary>
public sealed class PrinterTests(ITestOutputHelper output)
{
    [Fact]
    public void Names_and_structure_are_printed()
    {
        const string Text = """
            (module $m
              (type $t (func (param i32) (result i32)))
              (import "host" "f\"\n\00é" (func $f (type $t)))
              (func $g (type $t) (param $x i32) (result i32)
                (local $y i64)
                (local f32 f32)
                local.get $x
                if (result i32)
                  i32.const -1
                else
                  local.get $x
                  call $f
                end)
              (memory $mem 1 2)
              (export "g" (func $g))
              (data $d (offset i32.const 8) "a\00\ff"))

            """;
        Assert.Equal(Text, Wat.FromBinary(Wat.ToBinary(Text)).Replace("(;0;) ", "", StringComparison.Ordinal));
    }

    [VectorTheory("wasm-spec")]
    [InlineData("2.0")]
    [InlineData("3.0")]
    public void What_is_printed_reads_as_the_same_bytes(string version)
    {
        var faults = new StringBuilder();
        var modules = 0;
        foreach (var named in new[] { false, true })
        {
            var options = WatOptions.Default with { EmitNames = named };
            foreach (var file in Directory.GetFiles(Vectors.PathOf($"wasm-spec/{version}"), "*.wast", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
            {
                foreach (var command in ScriptReader.Read(File.ReadAllBytes(file)))
                {
                    if (command is not ModuleCommand { Module.Form: not ScriptModuleForm.Binary } module)
                    {
                        continue;
                    }

                    modules++;
                    var bytes = module.Module.ToBinary(options);
                    var text = Wat.FromBinary(bytes);
                    try
                    {
                        // Empty recursion groups define nothing, and the decoder forgets them.
                        var forgets = text.Length > 0 && bytes.AsSpan().IndexOf("\x4E\0"u8) >= 0;
                        if (!forgets && !Wat.ToBinary(text, options).AsSpan().SequenceEqual(bytes))
                        {
                            faults.AppendLine($"{Path.GetFileName(file)}:{command.Line}: other bytes\n{text[..Math.Min(600, text.Length)]}");
                        }
                    }
                    catch (WatException error)
                    {
                        faults.AppendLine($"{Path.GetFileName(file)}:{command.Line}: {error.Message}\n{text[..Math.Min(600, text.Length)]}");
                    }
                }
            }
        }

        output.WriteLine($"{version}: {modules} modules printed and read again");
        Assert.True(faults.Length == 0, faults.ToString(0, Math.Min(faults.Length, 8000)));
    }
}
