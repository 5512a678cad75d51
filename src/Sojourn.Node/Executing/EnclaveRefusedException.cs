using Sojourn.Protocol.EnclaveChannel;

namespace Sojourn.Node.Executing;

/// <summary>The enclave said that the job cannot be run.</summary>
/// <param name="refusal">Its reason and words.</param>
internal sealed class EnclaveRefusedException(EnclaveRefusal refusal) : Exception(refusal.Words)
{
    /// <summary>The reason and words.</summary>
    public EnclaveRefusal Refusal { get; } = refusal;
}
