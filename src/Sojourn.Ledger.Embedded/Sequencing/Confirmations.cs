namespace Sojourn.Ledger.Embedded.Sequencing;

/// <summary>Which blocks of a leader's term a majority holds.</summary>
/// <param name="count">How many sequencers there are.</param>
internal sealed class Confirmations(int count)
{
    private readonly ulong[] _held = new ulong[count];
    private ulong _term;
    private ulong _first = ulong.MaxValue;

    /// <summary>The last block that a majority holds; 0 where none of this term is yet.</summary>
    public ulong Number { get; private set; }

    /// <summary>The first number that a block of this term has.</summary>
    public ulong First => _first;

    /// <summary>A new term is led.</summary>
    /// <param name="term">The term.</param>
    /// <param name="first">The number of its first block.</param>
    public void Begin(ulong term, ulong first)
    {
        Array.Clear(_held);
        (_term, _first, Number) = (term, first, 0);
    }

    /// <summary>A sequencer holds everything up to a block.</summary>
    /// <param name="term">The term in which it said so: what it held for an earlier leadership it may have dropped since.</param>
    /// <param name="index">Who.</param>
    /// <param name="number">The block.</param>
    /// <returns>Whether a majority holds more than before.</returns>
    public bool Confirm(ulong term, int index, ulong number)
    {
        if (term != _term)
        {
            return false;
        }

        _held[index] = Math.Max(_held[index], number);
        Span<ulong> sorted = stackalloc ulong[count];
        _held.CopyTo(sorted);
        sorted.Sort();
        var held = sorted[count - ((count / 2) + 1)];
        // Blocks of earlier terms count only below one of this term (Raft, section 5.4.2).
        if (held < _first || held <= Number)
        {
            return false;
        }

        Number = held;
        return true;
    }
}
