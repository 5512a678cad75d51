namespace Sojourn.Attestation.Devices.Tpm;

/// <summary>How a TPM failed. Closed.</summary>
public enum TpmFailure
{
    /// <summary>It cannot be opened or connected to.</summary>
    Unreachable = 1,

    /// <summary>It went away in the middle.</summary>
    Disconnected,

    /// <summary>It did not answer in time.</summary>
    TimedOut,

    /// <summary>Its answer is shorter or longer than its header or its format says.</summary>
    MalformedAnswer,

    /// <summary>It answered with an error code.</summary>
    ErrorCode,

    /// <summary>Its answer contradicts what was asked or what it said before.</summary>
    Lie,

    /// <summary>It lacks something that is needed, such as an endorsement certificate.</summary>
    Missing,
}

/// <summary>A TPM failed.</summary>
public sealed class TpmException : AttestationDeviceException
{
    /// <summary>Names what failed.</summary>
    /// <param name="failure">How.</param>
    /// <param name="message">What happened, at which device, and what to do.</param>
    /// <param name="code">TPM_RC, where there is one.</param>
    /// <param name="inner">The cause, where there is one.</param>
    public TpmException(TpmFailure failure, string message, uint code = 0, Exception? inner = null)
        : base(message, inner)
    {
        Failure = failure;
        Code = code;
    }

    /// <summary>How it failed.</summary>
    public TpmFailure Failure { get; }

    /// <summary>TPM_RC, where the failure is <see cref="TpmFailure.ErrorCode"/>; else 0.</summary>
    public uint Code { get; }
}
