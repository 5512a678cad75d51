namespace Sojourn.Content.Ipfs.Gateways;

/// <summary>Options of <see cref="GatewaySource"/>.</summary>
public sealed class GatewaySourceOptions
{
    /// <summary>How long one request may take until its answer is complete.</summary>
    /// <value>Default 30 s.</value>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The shortest wait before a second gateway is asked for the same block.</summary>
    /// <value>Default 100 ms.</value>
    public TimeSpan HedgeAfterMin { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>The longest wait before a second gateway is asked. Between the two it is three times what the first usually takes.</summary>
    /// <value>Default 2 s.</value>
    public TimeSpan HedgeAfterMax { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How many gateways are asked for one block at once, at most.</summary>
    /// <value>Default 3.</value>
    public int Racers { get; init; } = 3;

    /// <summary>How often one gateway is asked for one block.</summary>
    /// <value>Default 3.</value>
    public int Attempts { get; init; } = 3;

    /// <summary>The wait before the first repetition; it doubles each time, with jitter between half and all of it.</summary>
    /// <value>Default 200 ms.</value>
    public TimeSpan BackOff { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>The longest wait before a repetition, also where the gateway asks for more.</summary>
    /// <value>Default 10 s.</value>
    public TimeSpan BackOffMax { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a gateway that sent wrong bytes is left alone.</summary>
    /// <value>Default 10 min.</value>
    public TimeSpan DemoteFor { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How many failures in a row demote a gateway, for a short time that doubles.</summary>
    /// <value>Default 3.</value>
    public int FailuresToDemote { get; init; } = 3;
}
