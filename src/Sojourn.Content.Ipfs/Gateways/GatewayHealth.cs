namespace Sojourn.Content.Ipfs.Gateways;

/// <summary>How a gateway has done so far.</summary>
/// <param name="Gateway">Its address.</param>
/// <param name="Answers">Verified answers.</param>
/// <param name="Failures">Failures.</param>
/// <param name="Latency">What an answer usually takes (exponential average); null before the first.</param>
/// <param name="DemotedUntil">Until when it is asked only where no other can; null where it is in good standing.</param>
/// <param name="LastFailure">What it did wrong last.</param>
public sealed record GatewayHealth(
    Uri Gateway, long Answers, long Failures, TimeSpan? Latency, DateTimeOffset? DemotedUntil, GatewayFailure? LastFailure);

/// <summary>Keeps the record of one gateway.</summary>
internal sealed class HealthRecord(Uri gateway, GatewaySourceOptions options, TimeProvider time)
{
    private static readonly TimeSpan FirstDemotion = TimeSpan.FromSeconds(5);
    private readonly Lock gate = new();
    private double latencyMs = -1;
    private long answers;
    private long failures;
    private int inARow;
    private DateTimeOffset? demotedUntil;
    private GatewayFailure? last;

    /// <summary>The record now.</summary>
    public GatewayHealth Snapshot()
    {
        lock (gate)
        {
            return new GatewayHealth(gateway, answers, failures, latencyMs < 0 ? null : TimeSpan.FromMilliseconds(latencyMs), Demoted ? demotedUntil : null, last);
        }
    }

    /// <summary>Sorts gateways: small is asked first.</summary>
    public (int Class, double Latency) Rank
    {
        get
        {
            lock (gate)
            {
                return (Demoted ? 2 : inARow > 0 ? 1 : 0, latencyMs);
            }
        }
    }

    /// <summary>How long to wait for this gateway before another is asked too.</summary>
    public TimeSpan HedgeAfter
    {
        get
        {
            lock (gate)
            {
                var usual = TimeSpan.FromMilliseconds(Math.Max(0, latencyMs) * 3);
                return usual < options.HedgeAfterMin ? options.HedgeAfterMin : usual > options.HedgeAfterMax ? options.HedgeAfterMax : usual;
            }
        }
    }

    private bool Demoted => demotedUntil > time.GetUtcNow();

    /// <summary>It answered (also "I do not have it").</summary>
    public void Answered(TimeSpan took)
    {
        lock (gate)
        {
            answers++;
            inARow = 0;
            latencyMs = latencyMs < 0 ? took.TotalMilliseconds : (latencyMs * 0.8) + (took.TotalMilliseconds * 0.2);
        }
    }

    /// <summary>It failed. Wrong bytes are never an accident of the network, so one is enough.</summary>
    public void Failed(GatewayFailure failure)
    {
        lock (gate)
        {
            failures++;
            inARow++;
            last = failure;
            if (failure.Fault is GatewayFault.WrongBytes or GatewayFault.BadStream or GatewayFault.TooLarge)
            {
                demotedUntil = time.GetUtcNow() + options.DemoteFor;
            }
            else if (inARow >= options.FailuresToDemote)
            {
                var wait = FirstDemotion * Math.Pow(2, Math.Min(10, inARow - options.FailuresToDemote));
                demotedUntil = time.GetUtcNow() + (wait < options.DemoteFor ? wait : options.DemoteFor);
            }
        }
    }
}
