namespace Sojourn.Ledger.Embedded.Sequencing;

/// <summary>What a sequencer should do now.</summary>
internal enum ElectionStep
{
    /// <summary>Wait.</summary>
    None = 0,

    /// <summary>Ask the others for their promises.</summary>
    Stand,

    /// <summary>Lead no longer: no majority is heard.</summary>
    StepDown,
}

/// <summary>The rules by which one sequencer leads, follows and promises: no clock, no disk, no network, no lock. <see cref="Cluster"/> drives it, and so does the model in the tests.</summary>
/// <remarks>Ongaro and Ousterhout 2014, sections 5.1, 5.2 and 5.4.1. Term <c>t</c> is led by sequencer <c>t mod n</c> or by nobody, so two leaders of one term cannot be.</remarks>
/// <param name="self">The own place in the genesis's list.</param>
/// <param name="count">How many sequencers there are.</param>
/// <param name="patience">After how long a silence the next in the list takes over.</param>
/// <param name="promised">The highest term promised so far, as kept.</param>
/// <param name="keep">Keeps a promise durably; called before anybody can hear of it.</param>
/// <param name="now">The present time, from any fixed beginning.</param>
internal sealed class Election(int self, int count, TimeSpan patience, ulong promised, Action<ulong> keep, TimeSpan now)
{
    private readonly TimeSpan[] _heardFrom = new TimeSpan[count];
    // When the newest message was sent that each replica served this leader for; ticks, read without a lock.
    private readonly long[] _served = new long[count];
    private TimeSpan _heard = now;
    // Whoever served a leader lately refuses every other candidate for a while. A restart forgets whom it served, so it holds back as long as if that had been just now.
    private bool _bound = promised > 0;
    private bool _urged;
    private bool _leads;
    private bool _retired;
    private ulong _promised = promised;

    /// <summary>How many make a majority.</summary>
    public int Majority => (count / 2) + 1;

    /// <summary>The highest term promised: no earlier leader is served.</summary>
    public ulong Promised => Volatile.Read(ref _promised);

    /// <summary>Whether this sequencer leads, as far as it knows.</summary>
    public bool Leads => Volatile.Read(ref _leads) && !IsRetired;

    /// <summary>Whether this sequencer has given up for good.</summary>
    public bool IsRetired => Volatile.Read(ref _retired);

    /// <summary>The term that it leads or led last.</summary>
    public ulong Term { get; private set; }

    /// <summary>Another leader, where one is known.</summary>
    public int? Leader { get; private set; }

    /// <summary>The sequencer of a term.</summary>
    public int IndexOf(ulong term) => (int)(term % (ulong)count);

    /// <summary>A leader's message came.</summary>
    /// <returns>Whether it may be served.</returns>
    public bool Hear(ulong term, TimeSpan now)
    {
        if (term < _promised)
        {
            return false;
        }

        Promise(term);
        StepDown();
        Leader = IndexOf(term);
        _bound = true;
        _urged = false;
        _heard = now;
        return true;
    }

    /// <summary>Another sequencer asks for a promise.</summary>
    /// <param name="term">The term it wants to lead.</param>
    /// <param name="theirs">Term and number of its last block.</param>
    /// <param name="own">Term and number of the last block here.</param>
    /// <param name="now">The time.</param>
    /// <returns>Whether it has the promise.</returns>
    public bool Consider(ulong term, (ulong Term, ulong Number) theirs, (ulong Term, ulong Number) own, TimeSpan now)
    {
        // A leader that is heard is not put away because somebody else cannot hear it.
        if (term <= _promised || _leads || (_bound && now - _heard < patience))
        {
            return false;
        }

        // A candidate that is behind is refused, but its term counts all the same (section 5.1): otherwise the one that is ahead would stand below what the other has promised itself, for ever.
        var given = theirs.CompareTo(own) >= 0;
        Promise(term);
        Leader = null;
        _bound = false;
        // Who may not follow the candidate stands itself, at the next look at the clock.
        _urged = !given;
        _heard = given ? now : _heard;
        return given;
    }

    /// <summary>What is due.</summary>
    /// <param name="tip">Term and number of the last block here.</param>
    /// <param name="now">The time.</param>
    public ElectionStep Look((ulong Term, ulong Number) tip, TimeSpan now)
    {
        if (IsRetired)
        {
            return ElectionStep.None;
        }

        if (_leads)
        {
            var alive = 1;
            for (var i = 0; i < count; i++)
            {
                alive += i != self && now - _heardFrom[i] < 3 * patience ? 1 : 0;
            }

            // Alone: somebody else may lead by now, and nothing can be acknowledged anyway.
            return alive < Majority ? ElectionStep.StepDown : ElectionStep.None;
        }

        return _urged || now - _heard > patience + (patience * Rank(tip) / 2) ? ElectionStep.Stand : ElectionStep.None;
    }

    /// <summary>Stands for a term of its own above all known ones.</summary>
    /// <param name="tip">Term and number of the last block here.</param>
    /// <param name="now">The time.</param>
    /// <returns>The term.</returns>
    public ulong Stand((ulong Term, ulong Number) tip, TimeSpan now)
    {
        var above = Math.Max(_promised, tip.Term);
        var term = above - (above % (ulong)count) + (ulong)self;
        term += term <= above ? (ulong)count : 0;
        Promise(term);
        // Nobody is heard: a candidacy of one's own is no leader that others should have to wait for.
        Leader = null;
        _bound = false;
        _urged = false;
        _heard = now;
        return term;
    }

    /// <summary>The answers to a candidacy are in.</summary>
    /// <param name="term">The term that was stood for.</param>
    /// <param name="given">How many others promised.</param>
    /// <param name="now">The time.</param>
    /// <returns>Whether this sequencer leads from now on.</returns>
    public bool Win(ulong term, int given, TimeSpan now)
    {
        if (1 + given < Majority || _promised != term || _leads || IsRetired)
        {
            return false;
        }

        Term = term;
        Array.Fill(_heardFrom, now);
        for (var i = 0; i < count; i++)
        {
            Volatile.Write(ref _served[i], long.MinValue);
        }

        Volatile.Write(ref _leads, true);
        return true;
    }

    /// <summary>A replica answered this leader.</summary>
    public void Answered(int index, TimeSpan now) => _heardFrom[index] = now;

    /// <summary>A replica served this leader's message: nobody else led when it did, nor for a patience after that.</summary>
    /// <param name="index">Which replica.</param>
    /// <param name="sent">When the message was sent, on this sequencer's clock.</param>
    public void Served(int index, TimeSpan sent) => Volatile.Write(ref _served[index], Math.Max(_served[index], sent.Ticks));

    /// <summary>Whether nobody else can have led at a moment: a majority served a message that was sent at most half a patience before it.</summary>
    /// <param name="moment">The moment, on this sequencer's clock; not in the future.</param>
    /// <remarks>
    /// Ongaro 2014, section 6.4. Each of that majority then refuses every candidate for a whole patience of its own clock; that clocks run within a factor of two of each other is the only assumption. A message sent
    /// after the moment needs no assumption at all.
    /// </remarks>
    public bool Led(TimeSpan moment)
    {
        if (!Leads)
        {
            return false;
        }

        var served = 1;
        for (var i = 0; i < count; i++)
        {
            served += i != self && Volatile.Read(ref _served[i]) >= (moment - (patience / 2)).Ticks ? 1 : 0;
        }

        return served >= Majority;
    }

    /// <summary>Somebody has promised more: whoever leads an earlier term leads no longer, and the next candidacy goes above that.</summary>
    /// <returns>Whether the leadership was lost by it.</returns>
    public bool Learn(ulong term, TimeSpan now)
    {
        if (term <= _promised)
        {
            return false;
        }

        Promise(term);
        return Resign(now);
    }

    /// <summary>Leads no longer, and waits its turn like everybody.</summary>
    /// <returns>Whether it led.</returns>
    public bool Resign(TimeSpan now)
    {
        if (!_leads)
        {
            return false;
        }

        Leader = null;
        _heard = now;
        StepDown();
        return true;
    }

    /// <summary>Neither leads nor stands any more: what is here can no longer be kept. Needs no lock.</summary>
    public void Retire() => Volatile.Write(ref _retired, true);

    private void StepDown() => Volatile.Write(ref _leads, false);

    private void Promise(ulong term)
    {
        if (term > _promised)
        {
            keep(term);
            Volatile.Write(ref _promised, term);
        }
    }

    // How many places behind the last leader this sequencer stands in the list: the next one moves first.
    private int Rank((ulong Term, ulong Number) tip) =>
        tip.Number == 0 && Leader is null ? self : (self - (Leader ?? IndexOf(tip.Term)) - 1 + count) % count;
}
