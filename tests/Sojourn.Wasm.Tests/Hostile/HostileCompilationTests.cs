using System.Diagnostics;
using System.Globalization;
using Sojourn.Testing;
using Sojourn.Wasm.Cache;
using Sojourn.Wasm.Compile;
using Sojourn.Wasm.Tests.Child;
using Sojourn.Wasm.Tests.Wasi;
using Sojourn.Wasm.Text;
using Xunit.Abstractions;

namespace Sojourn.Wasm.Tests.Hostile;

/// <summary>Hostile modules compiled whole, in the compiler's process that can be ended; and what nests cost the platform's compiler, which the limits on them go by.</summary>
public sealed class HostileCompilationTests(ITestOutputHelper output)
{
    private static readonly CompileBudget Budget = new() { Time = TimeSpan.FromSeconds(5), MemoryBytes = 1L << 30 };

    /// <summary>Whatever the module, the compiler's process is gone when its budget is.</summary>
    [Theory]
    [InlineData("many-functions-all-called", 300)]
    [InlineData("many-functions-of-60-loops", 300)]
    [InlineData("many-branch-tables", 5_000)]
    public void Compilation_of_everything_ends_with_its_budget(string name, int milliseconds)
    {
        if (Precompiler.Find() is not { } compiler)
        {
            output.WriteLine("skipped: crossgen2 is not there");
            return;
        }

        var budget = Budget with { Time = TimeSpan.FromMilliseconds(milliseconds) };
        var report = Compile(compiler, name, budget);
        output.WriteLine($"{name}: {report}");
        Assert.NotEqual(CompileOutcome.NoCompiler, report!.Outcome);

        // It was ended, or done by then, give or take what a busy machine takes to tell.
        Assert.True(report.Outcome == CompileOutcome.TimeExceeded || report.Time <= budget.Time + TimeSpan.FromSeconds(30), report.ToString());
        Assert.True(report.Outcome != CompileOutcome.Compiled || report.MemoryBytes <= budget.MemoryBytes, report.ToString());
    }

    /// <summary>All of them, at 5 seconds and 1 GiB, beside what the same costs in this process, where it cannot be ended.</summary>
    [Fact]
    [Trait("long", "wasm-hostile-ahead")]
    public void Campaign()
    {
        if (LongRun.Of("wasm-hostile-ahead") is null || Precompiler.Find() is not { } compiler)
        {
            return;
        }

        var outcomes = new SortedDictionary<string, int>(StringComparer.Ordinal);
        foreach (var name in HostileScenarios.Names)
        {
            var report = Compile(compiler, name, Budget);
            var here = ChildProcess.Run("hostile-prepared:" + name);
            output.WriteLine($"{(report is null ? "refused" : $"{report.Outcome} {report.Time.TotalSeconds:F1} s {report.MemoryBytes >> 20} MB"),-40} in process: {here.Row(name)}");
            var outcome = report?.Outcome.ToString() ?? "refused";
            outcomes[outcome] = outcomes.GetValueOrDefault(outcome) + 1;
            Assert.True(report is null || report.Time < Budget.Time + TimeSpan.FromSeconds(3), $"{name}: {report}");
        }

        LongRun.Record(output, "wasm-hostile-ahead", string.Join(' ', outcomes.Select(x => $"{x.Key}={x.Value}")));
    }

    /// <summary>Seconds to compile functions of nested loops and of nested handlers, by depth.</summary>
    [Fact]
    [Trait("long", "wasm-nests")]
    public void Nests()
    {
        if (LongRun.Of("wasm-nests") is null)
        {
            return;
        }

        var rows = new List<string>();
        foreach (var depth in new[] { 8, 16, 32, 48, 64, 96 })
        {
            FunctionCompiler.OptimizedLoopsMax = int.MaxValue;
            var optimized = Measure(Nest(depth, "(loop ", "(br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))", ")"));
            FunctionCompiler.OptimizedLoopsMax = 0;
            rows.Add(string.Create(CultureInfo.InvariantCulture, $"loops{depth}={optimized:F3}s,unoptimized={Measure(Nest(depth, "(loop ", "(br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))", ")")):F3}s"));
        }

        FunctionCompiler.OptimizedLoopsMax = FunctionCompiler.OptimizedLoopsDefault;
        foreach (var depth in new[] { 16, 32, 64, 128, 256, 512 })
        {
            rows.Add(string.Create(CultureInfo.InvariantCulture, $"handlers{depth}={Measure(Nest(depth, "(block (try_table (catch_all 0) ", "(local.set 0 (i32.const 1))", "))")):F3}s"));
        }

        LongRun.Record(output, "wasm-nests", string.Join(' ', rows));
    }

    private static string Nest(int depth, string open, string each, string close) =>
        $"(module (func (export \"f\") (param i32) {string.Concat(Enumerable.Repeat(open + each + " ", depth))} {string.Concat(Enumerable.Repeat(close, depth))}))";

    private static double Measure(string text)
    {
        var options = ModuleOptions.Default with { Limits = ModuleLimits.Default with { HandlerDepthMax = 10_000 } };
        var module = WasmModule.Load(Wat.ToBinary(text), options);
        var clock = Stopwatch.StartNew();
        module.Prepare();
        return clock.Elapsed.TotalSeconds;
    }

    private static CompileReport? Compile(Precompiler compiler, string name, CompileBudget budget)
    {
        byte[] il;
        try
        {
            il = ModuleCompiler.Compile(WasmModule.Load(HostileScenarios.BytesOf(name)));
        }
        catch (ModuleException)
        {
            return null;
        }

        using var folder = new TemporaryFolder();
        return compiler.Compile(il, folder.Path, budget, out _);
    }
}
