namespace Sojourn.Attestation.Results;

/// <summary>Port: charges a verdict to an account before it is given.</summary>
public interface IVerdictLedger
{
    /// <summary>Charges.</summary>
    /// <param name="account">Who pays; empty where the caller named nobody.</param>
    /// <param name="price">How much, in the ledger's smallest units.</param>
    /// <param name="evidenceDigest">What for: the same evidence is charged once per request.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>Whether it was charged; false refuses the request.</returns>
    ValueTask<bool> ChargeAsync(string account, UInt128 price, ReadOnlyMemory<byte> evidenceDigest, CancellationToken cancellation);
}
