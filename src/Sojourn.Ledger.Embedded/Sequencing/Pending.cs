using Sojourn.Protocol.Ports;
using Sojourn.Protocol.Transactions;

namespace Sojourn.Ledger.Embedded.Sequencing;

/// <summary>A transaction that waits for its block; null asks for the next height.</summary>
internal sealed class Pending(VerifiedTransaction? transaction)
{
    public VerifiedTransaction? Transaction => transaction;

    public SubmitResult Answer { get; set; }

    public TaskCompletionSource<SubmitResult> Completion { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
}
