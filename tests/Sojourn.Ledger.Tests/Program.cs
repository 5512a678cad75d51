using System.Globalization;
using Sojourn.Ledger.Tests.Processes;

namespace Sojourn.Ledger.Tests;

/// <summary>Started by tests as a process of its own: to be killed, or to run on a disk that fails.</summary>
internal static class Program
{
    public static async Task<int> Main(string[] args)
    {
        switch (args)
        {
            case ["sequencer", var path, var index, .. var addresses]:
                await SequencerProcess.RunAsync(path, int.Parse(index, CultureInfo.InvariantCulture), [.. addresses.Select(address => new Uri(address))]);
                return 0;
            case ["load", var path, var seed]:
                await LoadProcess.RunAsync(path, int.Parse(seed, CultureInfo.InvariantCulture));
                return 0;
            case ["faults", var folder, var step]:
                return await FaultProcess.RunAsync(folder, int.Parse(step, CultureInfo.InvariantCulture));
            default:
                Console.Error.WriteLine("This assembly is run by dotnet test.");
                return 2;
        }
    }
}
