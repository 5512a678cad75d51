using Sojourn.Protocol.Ports;
using Sojourn.Protocol.Reasons;

namespace Sojourn.Protocol.State;

/// <summary>What the state machine may look at besides its state, and where it tells what happened.</summary>
public sealed class ApplyContext
{
    /// <summary>Creates a context.</summary>
    /// <param name="signatures">Checks signatures.</param>
    /// <param name="vrf">Checks VRF proofs.</param>
    public ApplyContext(ISignatureScheme signatures, IVrf vrf)
    {
        Signatures = signatures;
        Vrf = vrf;
    }

    /// <summary>Checks signatures.</summary>
    public ISignatureScheme Signatures { get; }

    /// <summary>Checks VRF proofs.</summary>
    public IVrf Vrf { get; }

    /// <summary>What happened, in order; the caller empties it.</summary>
    public List<LedgerEvent> Events { get; } = [];

    /// <summary>Jobs that closed, whole, for those who keep them; the caller empties it.</summary>
    public List<JobState> Closed { get; } = [];
}

/// <summary>What became of a transaction.</summary>
/// <param name="Refusal">Why it was refused; <see cref="Refusal.None"/> where it was applied.</param>
/// <param name="Subject">The id of what it created (job, offer, batch); zero otherwise.</param>
[System.Runtime.InteropServices.StructLayout(System.Runtime.InteropServices.LayoutKind.Auto)]
public readonly record struct ApplyResult(Refusal Refusal, Primitives.Digest Subject)
{
    /// <summary>Whether it was applied.</summary>
    public bool Applied => Refusal == Refusal.None;

    internal static ApplyResult Ok => default;

    /// <summary>A refusal as a result.</summary>
    /// <param name="refusal">Why.</param>
    public static implicit operator ApplyResult(Refusal refusal) => new(refusal, default);
}
