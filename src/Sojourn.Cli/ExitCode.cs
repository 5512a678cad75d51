namespace Sojourn.Cli;

/// <summary>Exit codes of every command; scripts may rely on them.</summary>
public static class ExitCode
{
    /// <summary>The command did what it was asked.</summary>
    public const int Ok = 0;

    /// <summary>A failure that has no code of its own.</summary>
    public const int Failed = 1;

    /// <summary>The command line or a job, policy or option file cannot be understood.</summary>
    public const int Usage = 2;

    /// <summary>An input's bytes are damaged or are not what they claim to be.</summary>
    public const int BadInput = 3;

    /// <summary>Something named does not exist or is not held here.</summary>
    public const int NotFound = 4;

    /// <summary>A peer, gateway, device or ledger cannot be reached, or does not answer in time.</summary>
    public const int Unreachable = 5;

    /// <summary>A policy, a verifier or the ledger said no.</summary>
    public const int Refused = 6;

    /// <summary>This machine's disk, memory or permissions stopped the command.</summary>
    public const int Environment = 7;

    /// <summary>A guest trapped, or one of its limits ended it.</summary>
    public const int Trapped = 8;

    /// <summary>A text that is to name content (a CID or a content path) is none.</summary>
    public const int BadCid = 9;

    /// <summary>Content of a codec, hash function or format version that cannot be read here.</summary>
    public const int Unsupported = 10;

    /// <summary>Ended by Ctrl+C (128 + SIGINT).</summary>
    public const int Interrupted = 130;
}
