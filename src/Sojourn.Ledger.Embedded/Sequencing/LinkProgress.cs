namespace Sojourn.Ledger.Embedded.Sequencing;

/// <summary>What a leader sends one replica next, and whether at once.</summary>
/// <remarks>Ongaro and Ousterhout 2014, section 5.3: a refusal moves the leader back to where both chains are one. A replica that only ever refuses is asked again, but not without a pause: each time costs the leader megabytes.</remarks>
/// <param name="next">The first block to send.</param>
internal sealed class LinkProgress(ulong next)
{
    // An honest replica that was away says with one refusal where it stands, with a few more where its last blocks were dropped.
    private const int RefusalsAtOnce = 4;
    private int _refusals;

    /// <summary>The next block to send; everything before it is held, or was never asked about.</summary>
    public ulong Next { get; private set; } = next;

    /// <summary>A replica's answer came.</summary>
    /// <param name="kept">Whether it says that it holds what was sent.</param>
    /// <param name="number">Up to which block it does, or from where to try again.</param>
    /// <param name="last">The last block that was sent.</param>
    /// <returns>Whether to go on at once.</returns>
    public bool Answered(bool kept, ulong number, ulong last)
    {
        if (!kept)
        {
            Next = Math.Max(1, number < Next - 1 ? number + 1 : Next - 1);
            return ++_refusals <= RefusalsAtOnce;
        }

        // Never more than was sent, and never more than the replica says itself.
        Next = Math.Min(number, last) + 1;
        return number >= last;
    }
}
