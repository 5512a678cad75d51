using System.Threading.Channels;
using Sojourn.Protocol.EnclaveChannel;

namespace Sojourn.Node.Enclaves;

/// <summary>An enclave that has started, shut itself in, and waits for a job.</summary>
/// <param name="Process">The process.</param>
/// <param name="Ready">What it said first.</param>
public sealed record StartedEnclave(EnclaveProcess Process, EnclaveReady Ready) : IAsyncDisposable
{
    private Action? _ended;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Process.DisposeAsync().ConfigureAwait(false);
        Interlocked.Exchange(ref _ended, null)?.Invoke();
    }

    internal StartedEnclave Told(Action ended)
    {
        _ended = ended;
        return this;
    }
}

/// <summary>Starts enclaves, and keeps some started ahead: that hides the latency of a start, not its cost.</summary>
public sealed class EnclavePool : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(20);

    // A start takes a processor for longer than a short job does: the next one is started behind the job that took the last, or after this while.
    private static readonly TimeSpan Courtesy = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(10);

    private readonly EnclaveSandbox _sandbox;
    private readonly string? _bubblewrap;
    private readonly bool _whole;
    private readonly string? _processors;
    private readonly Channel<StartedEnclave> _warm;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _filling;
    private int _working;

    /// <summary>Starts filling the pool.</summary>
    /// <param name="image">The enclave's files, measured.</param>
    /// <param name="sandbox">What enclaves are cut off by.</param>
    /// <param name="bubblewrap">The full path of bubblewrap, where it is used.</param>
    /// <param name="ahead">How many are kept started.</param>
    /// <param name="whole">Whether an enclave with a missing piece of isolation is refused.</param>
    /// <param name="processors">Processors that enclaves may use, such as <c>0-3</c>; null for all.</param>
    public EnclavePool(EnclaveImage image, EnclaveSandbox sandbox, string? bubblewrap, int ahead, bool whole = false, string? processors = null)
    {
        _whole = whole;
        _processors = processors;
        Image = image;
        _sandbox = sandbox;
        _bubblewrap = bubblewrap;
        _warm = Channel.CreateBounded<StartedEnclave>(Math.Max(1, ahead));
        _filling = ahead > 0 ? FillAsync() : Task.CompletedTask;
    }

    /// <summary>The enclave's files.</summary>
    public EnclaveImage Image { get; }

    /// <summary>Takes a started enclave, or starts one.</summary>
    /// <param name="cancel">Stops waiting.</param>
    /// <exception cref="ChannelException">It did not start as it should.</exception>
    public async ValueTask<StartedEnclave> TakeAsync(CancellationToken cancel)
    {
        while (_warm.Reader.TryRead(out var warm))
        {
            if (!warm.Process.HasExited)
            {
                Interlocked.Increment(ref _working);
                return warm.Told(() => Interlocked.Decrement(ref _working));
            }

            await warm.DisposeAsync().ConfigureAwait(false);
        }

        return await StartAsync(cancel).ConfigureAwait(false);
    }

    /// <summary>What is missing of an enclave's isolation: what it reports itself, and namespaces, which it cannot see.</summary>
    /// <param name="ready">Its first words.</param>
    public IReadOnlyList<IsolationPiece> Missing(EnclaveReady ready) => _sandbox == EnclaveSandbox.Bubblewrap ? [.. ready.Missing]
        : [.. ready.Missing, new IsolationPiece("namespaces", "it was not started through bubblewrap; apt-get install -y bubblewrap mends it")];

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        try
        {
            await _filling.ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // Asked for.
        }

        _warm.Writer.TryComplete();
        await foreach (var enclave in _warm.Reader.ReadAllAsync().ConfigureAwait(false))
        {
            await enclave.DisposeAsync().ConfigureAwait(false);
        }

        _stop.Dispose();
    }

    private async Task FillAsync()
    {
        while (await _warm.Writer.WaitToWriteAsync(_stop.Token).ConfigureAwait(false))
        {
            for (var waited = TimeSpan.Zero; Volatile.Read(ref _working) > 0 && waited < Courtesy; waited += Glance)
            {
                await Task.Delay(Glance, _stop.Token).ConfigureAwait(false);
            }

            StartedEnclave enclave;
            try
            {
                enclave = await StartAsync(_stop.Token).ConfigureAwait(false);
            }
            catch (IOException)
            {
                // Whoever takes one will see the reason; try again after a while.
                await Task.Delay(TimeSpan.FromSeconds(5), _stop.Token).ConfigureAwait(false);
                continue;
            }

            if (!_warm.Writer.TryWrite(enclave))
            {
                await enclave.DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    private async Task<StartedEnclave> StartAsync(CancellationToken cancel)
    {
        var process = EnclaveProcess.Start(Image, _sandbox, _bubblewrap, _processors);
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            limit.CancelAfter(StartLimit);
            var frame = await process.Channel.ReceiveAsync(limit.Token).ConfigureAwait(false);
            var ready = frame.Type == MessageType.Ready
                ? EnclaveReady.Decode(frame.Payload.Span)
                : throw new ChannelException(ChannelFault.OutOfOrder, $"{MessageType.Ready} was expected, {frame.Type} came");
            return !_whole || Missing(ready) is { Count: 0 } ? new StartedEnclave(process, ready) : throw new EnclaveIsolationException(Missing(ready));
        }
        catch (Exception e)
        {
            var error = e is ChannelException ? await process.ReadErrorAsync(CancellationToken.None).ConfigureAwait(false) : "";
            await process.DisposeAsync().ConfigureAwait(false);
            if (error.Length > 0)
            {
                throw new ChannelException(ChannelFault.Closed, $"the enclave did not start: {error.Trim()}");
            }

            throw;
        }
    }
}
