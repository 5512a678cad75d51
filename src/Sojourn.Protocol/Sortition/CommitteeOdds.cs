namespace Sojourn.Protocol.Sortition;

/// <summary>What a coalition's chances are: the numbers behind <c>market odds</c>. For people, not for the state machine, so floating point is fine.</summary>
public static class CommitteeOdds
{
    /// <summary>The chance that a coalition holds at least so many of the seats that are drawn without replacement from all units.</summary>
    /// <param name="units">All units.</param>
    /// <param name="coalition">The coalition's units.</param>
    /// <param name="seats">Seats drawn.</param>
    /// <param name="atLeast">How many it needs.</param>
    /// <remarks>Hypergeometric: every unit draws alike, and a committee is the lowest of them.</remarks>
    public static double AtLeast(ulong units, ulong coalition, int seats, int atLeast)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(coalition, units);
        ArgumentOutOfRangeException.ThrowIfNegative(seats);
        var drawn = (int)Math.Min((ulong)seats, units);
        var sum = 0.0;
        for (var k = Math.Max(0, atLeast); k <= drawn; k++)
        {
            if ((ulong)k <= coalition && (ulong)(drawn - k) <= units - coalition)
            {
                sum += Math.Exp(LogChoose(coalition, k) + LogChoose(units - coalition, drawn - k) - LogChoose(units, drawn));
            }
        }

        return Math.Min(1, sum);
    }

    /// <summary>The chance that a coalition admits what it likes: it holds a quorum of the verifiers.</summary>
    /// <param name="units">All units.</param>
    /// <param name="coalition">The coalition's units.</param>
    /// <param name="seats">Seats of the committee.</param>
    public static double Capture(ulong units, ulong coalition, int seats) => AtLeast(units, coalition, seats, (2 * seats / 3) + 1);

    /// <summary>The chance that a coalition can stop an admission: the others fall short of a quorum.</summary>
    /// <param name="units">All units.</param>
    /// <param name="coalition">The coalition's units.</param>
    /// <param name="seats">Seats of the committee.</param>
    public static double Block(ulong units, ulong coalition, int seats) => AtLeast(units, coalition, seats, seats - (2 * seats / 3));

    /// <summary>The chance that a coalition is the agreeing majority of the executors, where each of its chips holds the same stake as everybody else's.</summary>
    /// <param name="chips">All chips.</param>
    /// <param name="coalition">The coalition's chips.</param>
    /// <param name="executors">Executors drawn.</param>
    /// <param name="agreeing">How many equal results are needed.</param>
    public static double Agree(ulong chips, ulong coalition, int executors, int agreeing) => AtLeast(chips, coalition, executors, agreeing);

    private static double LogChoose(ulong n, int k)
    {
        var sum = 0.0;
        for (var i = 0; i < k; i++)
        {
            sum += Math.Log(n - (ulong)i) - Math.Log(i + 1);
        }

        return sum;
    }
}
