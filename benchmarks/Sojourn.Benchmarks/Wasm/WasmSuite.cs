using Sojourn.Benchmarks.Harness;

namespace Sojourn.Benchmarks.Wasm;

/// <summary>Kernels in the WebAssembly engine against V8, Wasmtime and native code. <c>./bench wasm</c> runs this and the two suites below, each under two minutes.</summary>
public sealed class WasmKernelsSuite : IBenchSuite
{
    /// <inheritdoc/>
    public string Name => "wasm-kernels";

    /// <inheritdoc/>
    public void Run(BenchReport report) => KernelRows.Run(report);
}

/// <summary>Whole programs in the WebAssembly engine against V8.</summary>
public sealed class WasmProgramsSuite : IBenchSuite
{
    /// <inheritdoc/>
    public string Name => "wasm-programs";

    /// <inheritdoc/>
    public void Run(BenchReport report) => ProgramRows.Run(report);
}

/// <summary>What starting, calling and trapping costs in the WebAssembly engine.</summary>
public sealed class WasmLatencySuite : IBenchSuite
{
    /// <inheritdoc/>
    public string Name => "wasm-latency";

    /// <inheritdoc/>
    public void Run(BenchReport report) => LatencyRows.Run(report);
}
