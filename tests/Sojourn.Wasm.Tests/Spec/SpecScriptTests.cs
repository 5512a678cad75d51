using System.Text;
using Sojourn.Testing;
using Xunit;
using Xunit.Abstractions;

namespace Sojourn.Wasm.Tests.Spec;

/// <summary>Every official script in every tier, counted script by script.</summary>
public sealed class SpecScriptTests(ITestOutputHelper output)
{
    private static readonly Dictionary<string, Func<ModuleOptions, ModuleOptions>> Tiers = new(StringComparer.Ordinal)
    {
        ["guard"] = x => x with { Tier = ExecutionTier.Compiled, Protection = MemoryProtection.GuardPages },
        ["bounds"] = x => x with { Tier = ExecutionTier.Compiled, Protection = MemoryProtection.BoundsChecks },
        ["path"] = x => x with { Fuel = FuelMode.Path },
        ["exact"] = x => x with { Fuel = FuelMode.Exact, Protection = MemoryProtection.BoundsChecks },
        ["interpreter"] = x => x with { Tier = ExecutionTier.Interpreted },
    };

    [VectorTheory("wasm-spec")]
    [InlineData("guard", "2.0")]
    [InlineData("guard", "3.0")]
    [InlineData("bounds", "3.0")]
    [InlineData("path", "3.0")]
    [InlineData("bounds", "2.0")]
    [InlineData("exact", "2.0")]
    [InlineData("interpreter", "2.0")]
    [InlineData("interpreter", "3.0")]
    public void Scripts_pass(string tier, string version)
    {
        var options = Tiers[tier](ModuleOptions.Default with { Features = version == "2.0" ? WasmFeatures.Wasm2 : WasmFeatures.Wasm3 });
        var expected = ExpectedFailures.Load();
        var root = Vectors.PathOf($"wasm-spec/{version}");
        var only = Environment.GetEnvironmentVariable("SOJOURN_SPEC_ONLY");
        var faults = new StringBuilder();
        var (scripts, off, passed) = (0, 0, 0);
        foreach (var file in Directory.GetFiles(root, "*.wast", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            var name = $"{version}/{Path.GetRelativePath(root, file)}";
            if (only is not null && !name.Contains(only, StringComparison.Ordinal))
            {
                continue;
            }

            scripts++;
            if (expected.Off(tier, name) is { } entry)
            {
                off++;
                output.WriteLine($"{name}: off: {entry}");
                continue;
            }

            var report = ScriptRunner.Run(name, File.ReadAllBytes(file), options);
            output.WriteLine(report.ToString());
            passed += report.Passed;
            foreach (var (line, reason) in report.Failures.Where(x => !expected.Knows(tier, name, x.Line)))
            {
                faults.AppendLine($"{tier} {name}:{line} {reason}");
            }

            foreach (var line in expected.Lines(tier, name).Where(x => !report.Failures.Exists(failure => failure.Line == x)))
            {
                faults.AppendLine($"{tier} {name}:{line} passes, but not-on.txt lists it");
            }
        }

        output.WriteLine($"{tier} {version}: {scripts - off} of {scripts} scripts, {passed} commands passed");
        if (Environment.GetEnvironmentVariable("SOJOURN_SPEC_REPORT") is { } path)
        {
            File.WriteAllText($"{path}.{tier}.{version}", faults.ToString());
        }

        Assert.True(faults.Length == 0, faults.ToString(0, Math.Min(faults.Length, 20_000)));
    }
}
