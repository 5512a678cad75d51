using System.Text;
using Sojourn.Testing;
using Sojourn.Wasm.Cache;
using Sojourn.Wasm.Compile;
using Sojourn.Wasm.Text;
using Sojourn.Wasm.Text.Script;
using Xunit;
using Xunit.Abstractions;

namespace Sojourn.Wasm.Tests.Spec;

/// <summary>The official scripts on machine code that was compiled ahead: all modules of all scripts in one assembly and one run of the compiler.</summary>
[Trait("speed", "slow")]
public sealed class PersistedSpecTests(ITestOutputHelper output)
{
    [VectorTheory("wasm-spec")]
    [InlineData("guard", "2.0")]
    [InlineData("guard", "3.0")]
    [InlineData("path", "2.0")]
    public void Scripts_pass_on_persisted_code(string tier, string version)
    {
        if (Precompiler.Find() is not { } compiler)
        {
            output.WriteLine("skipped: crossgen2 is not there (publish anything with PublishReadyToRun, or set SOJOURN_CROSSGEN2)");
            return;
        }

        var options = ModuleOptions.Default with
        {
            Features = version == "2.0" ? WasmFeatures.Wasm2 : WasmFeatures.Wasm3,
            Fuel = tier == "path" ? FuelMode.Path : FuelMode.None,
        };
        var expected = ExpectedFailures.Load();
        var root = Vectors.PathOf($"wasm-spec/{version}");
        var scripts = Directory.GetFiles(root, "*.wast", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
            .Select(file => (Name: $"{version}/{Path.GetRelativePath(root, file)}", Bytes: File.ReadAllBytes(file)))
            .Where(script => expected.Off(tier, script.Name) is null).ToList();
        var persisted = PersistedModules.Compile(scripts.Select(script => script.Bytes), options, compiler);
        output.WriteLine($"{tier} {version}: {persisted.Modules} modules, {persisted.Methods} functions, {persisted.ImageBytes >> 20} MiB, crossgen2 {persisted.Report.Time.TotalSeconds:0.0} s {persisted.Report.MemoryBytes >> 20} MiB");

        var faults = new StringBuilder();
        var passed = 0;
        foreach (var (name, bytes) in scripts)
        {
            var report = ScriptRunner.Run(name, bytes, options, persisted.Load);
            passed += report.Passed;
            output.WriteLine(report.ToString());
            foreach (var (line, reason) in report.Failures.Where(x => !expected.Knows(tier, name, x.Line)))
            {
                faults.AppendLine($"{tier} {name}:{line} {reason}");
            }
        }

        output.WriteLine($"{tier} {version}: {scripts.Count} scripts, {passed} commands passed; {persisted.Hits} instances ran persisted code, {persisted.Native} of {persisted.Methods} functions need no further compilation");
        Assert.True(faults.Length == 0, faults.ToString(0, Math.Min(faults.Length, 20_000)));
        Assert.True(persisted.Hits >= persisted.Modules, "modules that were persisted did not run from the assembly");
        Assert.True(persisted.Native >= persisted.Methods * 9 / 10, $"only {persisted.Native} of {persisted.Methods} functions are machine code");
    }
}
