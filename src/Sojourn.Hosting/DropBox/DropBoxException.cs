namespace Sojourn.Hosting.DropBox;

/// <summary>Why a drop box refused.</summary>
public enum DropBoxFault
{
    /// <summary>The name or the object is too long.</summary>
    TooLarge,

    /// <summary>The name does not end with the content's digest.</summary>
    Misnamed,

    /// <summary>The job's box is full.</summary>
    Full,

    /// <summary>The sender did not prove an account of the ledger, or that account has no part in the job.</summary>
    NotAuthenticated,

    /// <summary>The drop box does not answer.</summary>
    Unreachable,
}

/// <summary>A drop box refused, or cannot be reached.</summary>
/// <param name="fault">The reason.</param>
/// <param name="detail">What was wanted and what is allowed.</param>
public sealed class DropBoxException(DropBoxFault fault, string detail) : IOException($"The drop box refused ({fault}): {detail}.")
{
    /// <summary>The reason.</summary>
    public DropBoxFault Fault { get; } = fault;
}
