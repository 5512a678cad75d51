using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using Sojourn.Cryptography.Tests.Cli;
using Xunit;

namespace Sojourn.Cryptography.Tests.Timing;

/// <summary>What the platform's compiler makes of arithmetic on secrets: no jump that could depend on one. The timing campaign measures; this reads.</summary>
public sealed partial class CompiledCodeTests
{
    // Straight through, whatever the values. The field's multiplication may count its eight bits.
    private static readonly (string Method, int JumpsMax)[] Methods =
    [
        ("Modulus256:Multiply", 0), ("Modulus256:Add", 0), ("Modulus256:Subtract", 0), ("Modulus256:Reduce", 0), ("Limbs:Add", 0), ("Limbs:Subtract", 0), ("GaloisField:Multiply", 1),
    ];

    [Fact]
    public async Task Arithmetic_on_secrets_is_compiled_without_jumps()
    {
        if (RuntimeInformation.ProcessArchitecture != Architecture.X64)
        {
            return;
        }

        using var cli = new CommandLine();
        cli.Write("pass", "correct horse");
        var listing = cli.At("listing");
        foreach (var arguments in new string[][]
        {
            ["keys", "new", "mine", "--kind", "account", "--passphrase-file", "pass"],
            ["keys", "new", "box", "--kind", "encryption", "--passphrase-file", "pass"],
            ["seal", "pass", "--custodian", "a=box", "--threshold", "1", "--to", "box"],
        })
        {
            // Optimised at first call; everything that runs is listed.
            await cli.OkAsync(
                new Dictionary<string, string>
                {
                    ["DOTNET_TieredCompilation"] = "0", ["DOTNET_JitDisasm"] = string.Join(' ', Methods.Select(method => "*." + method.Method)), ["DOTNET_JitStdOutFile"] = $"{listing}-{arguments[0]}-{arguments[2]}",
                },
                arguments);
        }

        var text = string.Concat(Directory.EnumerateFiles(Path.GetDirectoryName(listing)!, "listing*").Select(File.ReadAllText));
        var found = 0;
        foreach (var (method, jumpsMax) in Methods)
        {
            var start = text.IndexOf($".{method}(", StringComparison.Ordinal);
            if (start < 0)
            {
                // Inlined wherever it is called.
                Assert.NotEqual("Modulus256:Multiply", method);
                continue;
            }

            found++;
            var end = text.IndexOf("; Total bytes of code", start, StringComparison.Ordinal);
            var code = text[start..end];
            Assert.Contains("FullOpts", code[..200], StringComparison.Ordinal);
            Assert.Contains(" ret", code, StringComparison.Ordinal);
            var jumps = Jump().Matches(code).Select(match => match.Value.Trim()).Where(jump => !jump.StartsWith("jmp", StringComparison.Ordinal)).ToList();
            Assert.True(jumps.Count <= jumpsMax, $"{method} is compiled with {string.Join(", ", jumps)}\n{code}");
            Assert.DoesNotContain("idiv", code, StringComparison.Ordinal);
        }

        Assert.True(found >= 3, $"{found} methods were listed");
    }

    [GeneratedRegex(@"^\s+j[a-z]+\s.*$", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Jump();
}
