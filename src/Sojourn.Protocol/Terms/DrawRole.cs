namespace Sojourn.Protocol.Terms;

/// <summary>What a ticket is for.</summary>
public enum DrawRole : byte
{
    /// <summary>To run the job.</summary>
    Executor = 0,

    /// <summary>To check the executors' evidence.</summary>
    Verifier = 1,
}
