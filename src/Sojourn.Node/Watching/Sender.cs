using Sojourn.Node.Journal;
using Sojourn.Primitives;
using Sojourn.Protocol.Ports;
using Sojourn.Protocol.Reasons;
using Sojourn.Protocol.Transactions;

namespace Sojourn.Node.Watching;

/// <summary>Signs and submits a party's messages.</summary>
/// <param name="ledger">The ledger.</param>
/// <param name="signer">The party's key.</param>
/// <param name="journal">Where refusals are written down.</param>
public sealed class Sender(ILedger ledger, ISigner signer, NodeJournal journal)
{
    // Somebody else did it first, or it was done before a restart: nothing to tell.
    private static readonly Refusal[] Harmless =
    [
        Refusal.Duplicate, Refusal.NothingDue, Refusal.TicketExists, Refusal.TicketLoses, Refusal.EvidenceExists, Refusal.AlreadyVoted,
        Refusal.AlreadyReleased, Refusal.AlreadyCommitted, Refusal.AlreadyRevealed, Refusal.JobClosed, Refusal.VotingClosed,
    ];

    /// <summary>Submits a message that needs no nonce.</summary>
    /// <param name="stage">The stage, for the journal.</param>
    /// <param name="job">The job.</param>
    /// <param name="body">The message.</param>
    /// <param name="cancel">Stops waiting.</param>
    public async ValueTask<SubmitResult> SendAsync(string stage, Digest job, Transaction body, CancellationToken cancel)
    {
        var signed = SignedTransaction.Create(body, 0, ledger.GenesisDigest, signer);
        var result = await ledger.SubmitAsync(signed, cancel).ConfigureAwait(false);
        if (!result.Applied && !Harmless.Contains(result.Refusal))
        {
            journal.Add(JournalLevel.Reason, stage, job, $"the ledger refused {body.Kind}: {result.Refusal}");
        }

        return result;
    }

    /// <summary>Submits a message under the account's next nonce; tries again where another message took it.</summary>
    /// <param name="body">The message.</param>
    /// <param name="cancel">Stops waiting.</param>
    public async ValueTask<SubmitResult> SendNoncedAsync(Transaction body, CancellationToken cancel)
    {
        for (var attempt = 0; ; attempt++)
        {
            var account = await ledger.AccountAsync(signer.Address, cancel).ConfigureAwait(false);
            var result = await ledger.SubmitAsync(SignedTransaction.Create(body, account.Nonce, ledger.GenesisDigest, signer), cancel).ConfigureAwait(false);
            if (result.Refusal is not (Refusal.NonceUsed or Refusal.NonceAhead) || attempt == 4)
            {
                return result;
            }
        }
    }

    /// <summary>Drives a job over a deadline that has passed; anyone may.</summary>
    /// <param name="job">The job.</param>
    /// <param name="cancel">Stops waiting.</param>
    public ValueTask<SubmitResult> DriveAsync(Digest job, CancellationToken cancel) => ledger.SubmitAsync(SignedTransaction.Unsigned(new Drive(job)), cancel);
}
