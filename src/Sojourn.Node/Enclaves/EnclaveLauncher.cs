using System.Collections.Concurrent;
using System.Diagnostics;

namespace Sojourn.Node.Enclaves;

/// <summary>
/// Starts processes from one thread that lives as long as the node. An enclave dies with its parent (PR_SET_PDEATHSIG), and to the kernel the parent is the thread that
/// started it: from a thread of the pool it would be killed whenever that thread retires.
/// </summary>
internal static class EnclaveLauncher
{
    private static readonly BlockingCollection<(ProcessStartInfo Start, TaskCompletionSource<Process> Started)> Waiting = [];
    private static readonly Thread Launcher = StartThread();

    public static Process Start(ProcessStartInfo start)
    {
        Debug.Assert(Launcher.IsAlive, "the launcher never ends");
        var started = new TaskCompletionSource<Process>(TaskCreationOptions.RunContinuationsAsynchronously);
        Waiting.Add((start, started));
        return started.Task.GetAwaiter().GetResult();
    }

    private static Thread StartThread()
    {
        var thread = new Thread(Launch) { IsBackground = true, Name = "enclave launcher" };
        thread.Start();
        return thread;
    }

    private static void Launch()
    {
        foreach (var (start, started) in Waiting.GetConsumingEnumerable())
        {
            try
            {
                started.SetResult(Process.Start(start) ?? throw new InvalidOperationException("The enclave process did not start."));
            }
#pragma warning disable CA1031 // Whoever asked gets it.
            catch (Exception e)
#pragma warning restore CA1031
            {
                started.SetException(e);
            }
        }
    }
}
