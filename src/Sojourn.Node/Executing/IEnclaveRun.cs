using System.Collections.Immutable;
using Sojourn.Primitives;
using Sojourn.Protocol.EnclaveChannel;

namespace Sojourn.Node.Executing;

/// <summary>One enclave's life as its node drives it.</summary>
internal interface IEnclaveRun : IAsyncDisposable
{
    /// <summary>Assigns the job and waits for the enclave's keys.</summary>
    /// <param name="assignment">The job.</param>
    /// <param name="cancel">Stops waiting.</param>
    Task<EnclaveIdentity> AssignAsync(Assignment assignment, CancellationToken cancel);

    /// <summary>Begins to fetch a block that the enclave will ask for: what can be waited for while verifiers vote need not be waited for afterwards.</summary>
    /// <param name="cid">The block, such as the code's root.</param>
    /// <param name="cancel">Ends it.</param>
    void FetchAhead(Cid cid, CancellationToken cancel)
    {
        // Whoever fetches nothing has nothing to fetch ahead.
    }

    /// <summary>Hands over the released keys and waits for the outcome.</summary>
    /// <param name="releases">The admission and the wrapped keys.</param>
    /// <param name="listener">Hears of the run, and brings further keys.</param>
    /// <param name="cancel">Stops waiting; the enclave is then killed.</param>
    Task<Outcome> ExecuteAsync(Releases releases, EnclaveListener listener, CancellationToken cancel);

    /// <summary>Done when every block of the output that came before the outcome is in the store, durably.</summary>
    /// <exception cref="IOException">The store does not take them.</exception>
    Task Stored => Task.CompletedTask;

    /// <summary>Those blocks.</summary>
    ImmutableArray<Cid> OutputBlocks => [];
}

/// <summary>Who hears of a run.</summary>
internal sealed record EnclaveListener
{
    /// <summary>Told how far it is.</summary>
    public Action<EnclaveProgress>? Progress { get; init; }

    /// <summary>Told what a person should know of.</summary>
    public Action<EnclaveNotice>? Notice { get; init; }

    /// <summary>Brings the releases again with further keys, when those that were handed in are not enough; null where they were final.</summary>
    public Func<EnclaveNotice, Task<Releases>>? MoreKeys { get; init; }
}
