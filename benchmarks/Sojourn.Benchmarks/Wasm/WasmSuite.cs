using Sojourn.Benchmarks.Harness;

namespace Sojourn.Benchmarks.Wasm;

/// <summary>The WebAssembly engine against V8, Wasmtime and native code, and its latencies. <c>SOJOURN_BENCH_WASM</c> may name one part: kernels, programs or latency.</summary>
public sealed class WasmSuite : IBenchSuite
{
    /// <inheritdoc/>
    public string Name => "wasm";

    /// <inheritdoc/>
    public void Run(BenchReport report)
    {
        var only = Environment.GetEnvironmentVariable("SOJOURN_BENCH_WASM");
        if (only is null or "latency")
        {
            LatencyRows.Run(report);
        }

        if (only is null or "kernels")
        {
            KernelRows.Run(report);
        }

        if (only is null or "programs")
        {
            ProgramRows.Run(report);
        }
    }
}
