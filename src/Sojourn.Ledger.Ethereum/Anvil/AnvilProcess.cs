using System.Diagnostics;
using System.Globalization;

namespace Sojourn.Ledger.Ethereum.Anvil;

/// <summary>How a development chain is started.</summary>
public sealed record AnvilOptions
{
    /// <summary>The seconds between blocks; zero mines a block for each transaction, and none without.</summary>
    public double BlockSeconds { get; init; }

    /// <summary>Whether blocks come only when they are asked for.</summary>
    public bool Manual { get; init; }

    /// <summary>The port; 0 takes any free one.</summary>
    public int Port { get; init; }

    /// <summary>The chain's number.</summary>
    public ulong ChainId { get; init; } = 31337;

    /// <summary>Where the chain's state is kept between runs; null keeps none.</summary>
    public string? StateFile { get; init; }

    /// <summary>Further arguments.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];
}

/// <summary>An Ethereum node for development and tests in a process of its own, on the loopback interface.</summary>
public sealed class AnvilProcess : IAsyncDisposable
{
    /// <summary>States of past blocks that are kept: four times what a reorganisation may undo. Without a bound anvil writes every state into its user's home folder and leaves it there when it is killed.</summary>
    private const int StatesKept = 256;

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);
    private readonly Process _process;

    private AnvilProcess(Process process, int port)
    {
        _process = process;
        Port = port;
    }

    /// <summary>The port.</summary>
    public int Port { get; }

    /// <summary>The process's id.</summary>
    public int ProcessId => _process.Id;

    /// <summary>JSON-RPC over HTTP.</summary>
    public Uri Http => new($"http://127.0.0.1:{Port}");

    /// <summary>JSON-RPC over a WebSocket.</summary>
    public Uri WebSocket => new($"ws://127.0.0.1:{Port}");

    /// <summary>Where the program is: <c>SOJOURN_ANVIL</c>, the path, or a checkout's <c>tests/peers/anvil</c>; null where it is not installed.</summary>
    public static string? Find()
    {
        if (Environment.GetEnvironmentVariable("SOJOURN_ANVIL") is { Length: > 0 } named)
        {
            return File.Exists(named) ? named : null;
        }

        foreach (var folder in (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries))
        {
            if (Path.Combine(folder, "anvil") is var candidate && File.Exists(candidate))
            {
                return candidate;
            }
        }

        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (Path.Combine(folder.FullName, "tests/peers/anvil/node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil") is var candidate && File.Exists(candidate))
            {
                return candidate;
            }
        }

        return null;
    }

    /// <summary>Starts a chain and waits until it listens.</summary>
    /// <param name="options">How.</param>
    /// <param name="cancellation">Stops starting.</param>
    /// <exception cref="EthereumException">The program is not installed or does not start.</exception>
    public static async Task<AnvilProcess> StartAsync(AnvilOptions options, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        var path = Find() ?? throw new EthereumException("anvil is not installed. Run `npm ci` in tests/peers/anvil, or put it on the path or into SOJOURN_ANVIL.");
        var start = new ProcessStartInfo(path)
        {
            RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false,
            ArgumentList =
            {
                "--host", "127.0.0.1", "--port", options.Port.ToString(CultureInfo.InvariantCulture), "--chain-id", options.ChainId.ToString(CultureInfo.InvariantCulture),
                "--accounts", "1", "--code-size-limit", "24576", "--no-request-size-limit",
                "--prune-history", StatesKept.ToString(CultureInfo.InvariantCulture),
            },
        };
        if (options.Manual)
        {
            start.ArgumentList.Add("--no-mining");
        }
        else if (options.BlockSeconds > 0)
        {
            start.ArgumentList.Add("--block-time");
            start.ArgumentList.Add(options.BlockSeconds.ToString(CultureInfo.InvariantCulture));
        }

        if (options.StateFile is { } state)
        {
            start.ArgumentList.Add("--state");
            start.ArgumentList.Add(state);
        }

        foreach (var argument in options.Arguments)
        {
            start.ArgumentList.Add(argument);
        }

        var process = Process.Start(start) ?? throw new EthereumException($"{path} does not start.");
        try
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            patience.CancelAfter(s_patience);
            while (await process.StandardOutput.ReadLineAsync(patience.Token).ConfigureAwait(false) is { } line)
            {
                if (line.StartsWith("Listening on ", StringComparison.Ordinal) && int.TryParse(line.AsSpan(line.LastIndexOf(':') + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port))
                {
                    // What it writes later is of no use, but must be read, or it stops when the pipe is full.
                    process.OutputDataReceived += static (_, _) => { };
                    _ = process.StandardOutput.BaseStream.CopyToAsync(Stream.Null, CancellationToken.None);
                    _ = process.StandardError.BaseStream.CopyToAsync(Stream.Null, CancellationToken.None);
                    return new AnvilProcess(process, port);
                }
            }

            throw new EthereumException($"{path} ended: {await process.StandardError.ReadToEndAsync(patience.Token).ConfigureAwait(false)}");
        }
        catch (Exception exception)
        {
            process.Kill(entireProcessTree: true);
            process.Dispose();
            throw exception is OperationCanceledException && !cancellation.IsCancellationRequested ? new EthereumException($"{path} did not listen within {s_patience.TotalSeconds} s.") : exception;
        }
    }

    /// <summary>Gives an account coins out of nothing, which only a development chain does.</summary>
    /// <param name="account">Whose.</param>
    /// <param name="wei">How much it has then.</param>
    /// <param name="cancellation">Stops waiting.</param>
    public async Task FundAsync(Primitives.Address account, UInt128 wei, CancellationToken cancellation = default)
    {
        await using var pool = Rpc.EndpointPool.Connect([Http], new Rpc.RpcLimits());
        await new AnvilControl(pool).SetBalanceAsync(account, wei, cancellation).ConfigureAwait(false);
    }

    /// <summary>Stops it without further ado, as a crash would.</summary>
    public async Task KillAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync().ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            // SIGTERM, so that a state file is written; what does not end by then is killed.
            _ = Terminate(_process.Id, 15);
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
            try
            {
                await _process.WaitForExitAsync(patience.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                await KillAsync().ConfigureAwait(false);
            }
        }

        _process.Dispose();
    }

    [System.Runtime.InteropServices.DllImport("libc", EntryPoint = "kill")]
    [System.Runtime.InteropServices.DefaultDllImportSearchPaths(System.Runtime.InteropServices.DllImportSearchPath.SafeDirectories)]
    private static extern int Terminate(int process, int signal);
}
