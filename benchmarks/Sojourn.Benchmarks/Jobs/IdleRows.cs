using System.Globalization;
using Sojourn.Benchmarks.Harness;
using Sojourn.Hosting.Devnet.Processes;

namespace Sojourn.Benchmarks.Jobs;

/// <summary>What a node that waits takes of its machine: its process and the warm enclave, as the kernel counts them (pages shared with others are split).</summary>
internal static class IdleRows
{
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(5);

    public static void Run(BenchReport report) => Task.Run(async () =>
    {
        var folder = Directory.CreateTempSubdirectory("sojourn-bench-idle-").FullName;
        var net = await ProcessNetwork.StartAsync(
            new ProcessNetworkOptions
            {
                Folder = folder,
                Command = ["dotnet", Path.Combine(JobNetwork.Root, "artifacts", "sojourn", "sojourn.dll")],
                EnclaveFolder = JobNetwork.EnclaveFolder,
                Nodes = 1,
                Verifiers = 1,
            }, default);
        await Task.Delay(Settling);
        var node = net["node-1"].ProcessId;
        var processes = Below(node).Prepend(node).ToList();
        var sizes = processes.ConvertAll(process => (Name: File.ReadAllText($"/proc/{process}/comm").Trim(), Size: Proportional(process)));
        report.Add(new BenchRow(
            "idle node with its warm enclave", BenchReport.Format(sizes.Sum(size => size.Size), "MiB"), "", "", "≤ 150 MiB",
            JobsSuite.Text($"proportional set size: {string.Join(", ", sizes.Select(size => JobsSuite.Text($"{size.Name} {size.Size:0}")))} MiB; a node that only verifies {Proportional(net["verifier-1"].ProcessId):0} MiB")));
        await net.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }).GetAwaiter().GetResult();

    private static double Proportional(int process) => File.ReadLines($"/proc/{process}/smaps_rollup").Where(line => line.StartsWith("Pss:", StringComparison.Ordinal))
        .Select(line => long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024.0).First();

    private static IEnumerable<int> Below(int process)
    {
        foreach (var task in Directory.EnumerateDirectories($"/proc/{process}/task"))
        {
            foreach (var child in File.ReadAllText(Path.Combine(task, "children")).Split(' ', StringSplitOptions.RemoveEmptyEntries))
            {
                var id = int.Parse(child, CultureInfo.InvariantCulture);
                yield return id;
                foreach (var below in Below(id))
                {
                    yield return below;
                }
            }
        }
    }
}
