using Sojourn.Protocol.EnclaveChannel;

namespace Sojourn.Node.Executing;

/// <summary>One enclave's life as its node drives it.</summary>
internal interface IEnclaveRun : IAsyncDisposable
{
    /// <summary>Assigns the job and waits for the enclave's keys.</summary>
    /// <param name="assignment">The job.</param>
    /// <param name="cancel">Stops waiting.</param>
    Task<EnclaveIdentity> AssignAsync(Assignment assignment, CancellationToken cancel);

    /// <summary>Hands over the released keys and waits for the outcome.</summary>
    /// <param name="releases">The admission and the wrapped keys.</param>
    /// <param name="progress">Told how far it is.</param>
    /// <param name="notice">Told what a person should know of.</param>
    /// <param name="cancel">Stops waiting; the enclave is then killed.</param>
    Task<Outcome> ExecuteAsync(Releases releases, Action<EnclaveProgress>? progress, Action<EnclaveNotice>? notice, CancellationToken cancel);
}
