using System.Diagnostics;
using System.Globalization;

namespace Sojourn.Hosting.Devnet.Processes;

/// <summary>One party as a process of its own, that can be killed and started again.</summary>
public sealed class PartyProcess : IAsyncDisposable
{
    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(10);
    private readonly Func<ProcessStartInfo> _start;
    private readonly Action<string, string>? _listener;
    private readonly Lock _lock = new();
    private readonly Queue<string> _tail = new();
    private Process? _process;

    internal PartyProcess(string name, ProcessRole role, Func<ProcessStartInfo> start, Action<string, string>? listener)
    {
        (Name, Role, _start, _listener) = (name, role, start, listener);
    }

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>What it is.</summary>
    public ProcessRole Role { get; }

    /// <summary>Its process's number; 0 where it does not run.</summary>
    public int ProcessId => _process is { HasExited: false } process ? process.Id : 0;

    /// <summary>Whether it is meant to run.</summary>
    public bool Wanted { get; private set; }

    /// <summary>How it ended; null while it runs or before it did.</summary>
    public int? ExitCode => _process is { HasExited: true } process ? process.ExitCode : null;

    /// <summary>The last lines that it wrote.</summary>
    public string Tail
    {
        get
        {
            lock (_lock)
            {
                return string.Join('\n', _tail);
            }
        }
    }

    /// <summary>Starts it and waits for the line on standard output that says that it works.</summary>
    /// <param name="cancel">Stops waiting.</param>
    /// <exception cref="DevnetUnreachableException">It ended instead.</exception>
    public async Task StartAsync(CancellationToken cancel)
    {
        var info = _start();
        info.RedirectStandardOutput = info.RedirectStandardError = info.RedirectStandardInput = true;
        info.Environment["SOJOURN_PARENT"] = Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
        var process = Process.Start(info) ?? throw new InvalidOperationException($"{Name} did not start.");
        process.StandardInput.Close();
        Wanted = true;
        _process = process;
        process.ErrorDataReceived += (_, line) => Heard(line.Data);
        process.BeginErrorReadLine();
        var ready = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        process.OutputDataReceived += (_, line) =>
        {
            if (line.Data is not null)
            {
                ready.TrySetResult();
            }

            Heard(line.Data);
        };
        process.BeginOutputReadLine();
        var ended = process.WaitForExitAsync(cancel);
        if (await Task.WhenAny(ready.Task, ended).ConfigureAwait(false) == ended)
        {
            await ended.ConfigureAwait(false);
            throw new DevnetUnreachableException($"{Name} ended with {process.ExitCode} instead of starting: {Tail}");
        }
    }

    /// <summary>Kills it at once (SIGKILL), as a power cut would.</summary>
    public async Task KillAsync()
    {
        Wanted = false;
        if (_process is { HasExited: false } process)
        {
            process.Kill();
            await process.WaitForExitAsync(CancellationToken.None).ConfigureAwait(false);
        }
    }

    /// <summary>Asks it to end (SIGTERM) and waits.</summary>
    /// <param name="cancel">Stops waiting.</param>
    /// <returns>The exit code.</returns>
    public async Task<int> StopAsync(CancellationToken cancel)
    {
        Wanted = false;
        if (_process is not { } process)
        {
            return 0;
        }

        if (!process.HasExited)
        {
            Signal("-TERM");
            await process.WaitForExitAsync(cancel).ConfigureAwait(false);
        }

        return process.ExitCode;
    }

    /// <summary>Stops it in its tracks (SIGSTOP): it neither answers nor ends, like a machine whose network is gone.</summary>
    public void Freeze() => Signal("-STOP");

    /// <summary>Lets it go on (SIGCONT).</summary>
    public void Thaw() => Signal("-CONT");

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false })
        {
            Thaw();
            using var limit = new CancellationTokenSource(EndLimit);
            try
            {
                await StopAsync(limit.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                await KillAsync().ConfigureAwait(false);
            }
        }

        _process?.Dispose();
    }

    private void Signal(string signal)
    {
        if (ProcessId is var id and not 0)
        {
            using var kill = Process.Start("kill", [signal, id.ToString(CultureInfo.InvariantCulture)]);
            kill.WaitForExit();
        }
    }

    private void Heard(string? line)
    {
        if (line is null)
        {
            return;
        }

        lock (_lock)
        {
            _tail.Enqueue(line);
            if (_tail.Count > 200)
            {
                _tail.Dequeue();
            }
        }

        _listener?.Invoke(Name, line);
    }
}
