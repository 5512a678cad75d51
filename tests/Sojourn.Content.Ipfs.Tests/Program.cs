using Sojourn.Content.Ipfs.Tests.Store;

namespace Sojourn.Content.Ipfs.Tests;

/// <summary>Started by the crash tests as a process of its own, to be killed.</summary>
internal static class Program
{
    public static async Task<int> Main(string[] args)
    {
        if (args is ["crash-child", var folder, var seed, var mode])
        {
            await CrashChild.RunAsync(folder, int.Parse(seed), mode);
            return 0;
        }

        Console.Error.WriteLine("This assembly is run by dotnet test.");
        return 2;
    }
}
