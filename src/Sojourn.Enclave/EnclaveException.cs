using Sojourn.Protocol.Transactions;

namespace Sojourn.Enclave;

/// <summary>The job cannot be run. The words go to the operator: identifiers and limits, never content.</summary>
/// <param name="reason">The reason, as the ledger takes it.</param>
/// <param name="words">What happened.</param>
internal sealed class EnclaveException(FailReason reason, string words) : Exception(words)
{
    /// <summary>The reason.</summary>
    public FailReason Reason { get; } = reason;
}
