using Sojourn.Benchmarks.Harness;

namespace Sojourn.Benchmarks.Jobs;

/// <summary>What sealing and the enclave cost on a large scan.</summary>
internal sealed class ScanSuite : IBenchSuite
{
    public string Name => "scan";

    public void Run(BenchReport report) => ScanRows.Run(report);
}
