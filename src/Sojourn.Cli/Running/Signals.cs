using System.Runtime.InteropServices;

namespace Sojourn.Cli.Running;

/// <summary>Ctrl+C and SIGTERM: the first asks the command to stop and clean up, the second ends the process at once.</summary>
internal sealed class Signals : IDisposable
{
    private readonly CancellationTokenSource source = new();
    private readonly List<PosixSignalRegistration> registrations = [];
    private int received;
    private int signal;

    /// <summary>Starts listening.</summary>
    public Signals()
    {
        registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGINT, context => OnSignal(context, 130)));
        registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => OnSignal(context, 143)));
    }

    /// <summary>Cancelled by the first signal.</summary>
    public CancellationToken Token => source.Token;

    /// <summary>The exit code of an interrupted command: 128 + the signal that did it.</summary>
    public int Translate(int code) => code == ExitCode.Interrupted && signal != 0 ? signal : code;

    /// <inheritdoc/>
    public void Dispose()
    {
        registrations.ForEach(registration => registration.Dispose());
        source.Dispose();
    }

    private void OnSignal(PosixSignalContext context, int code)
    {
        if (Interlocked.Increment(ref received) > 1)
        {
            Environment.Exit(code);
        }

        context.Cancel = true;
        signal = code;
        source.Cancel();
    }
}
