using System.Globalization;
using System.Runtime.InteropServices;

namespace Sojourn.Cli.Running;

/// <summary>Ctrl+C and SIGTERM: the first asks the command to stop and clean up, the second ends the process at once.</summary>
internal sealed class Signals : IDisposable
{
    private static readonly TimeSpan ParentPeriod = TimeSpan.FromSeconds(1);
    private readonly CancellationTokenSource source = new();
    private readonly List<PosixSignalRegistration> registrations = [];
    private readonly Timer? parent;
    private int received;
    private int signal;

    /// <summary>Starts listening.</summary>
    public Signals()
    {
        registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGINT, context => OnSignal(context, 130)));
        registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => OnSignal(context, 143)));
        // A party of a development network must not outlive the process that started it, however that ended.
        if (int.TryParse(Environment.GetEnvironmentVariable("SOJOURN_PARENT"), CultureInfo.InvariantCulture, out var id))
        {
            parent = new Timer(_ => LookAfter(id), null, ParentPeriod, ParentPeriod);
        }
    }

    /// <summary>Cancelled by the first signal.</summary>
    public CancellationToken Token => source.Token;

    /// <summary>The exit code of an interrupted command: 128 + the signal that did it.</summary>
    public int Translate(int code) => code == ExitCode.Interrupted && signal != 0 ? signal : code;

    /// <inheritdoc/>
    public void Dispose()
    {
        parent?.Dispose();
        registrations.ForEach(registration => registration.Dispose());
        source.Dispose();
    }

    private void LookAfter(int id)
    {
        if (!Directory.Exists(FormattableString.Invariant($"/proc/{id}")))
        {
            Environment.Exit(143);
        }
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
