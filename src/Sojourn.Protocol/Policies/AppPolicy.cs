namespace Sojourn.Protocol.Policies;

/// <summary>An app owner's policy: who may run sealed code, on what proof, at what price.</summary>
public sealed record AppPolicy : OwnerPolicy
{
    /// <summary>Whether the output may let its reader infer the code. Where it may not, only guarded or small outputs will do.</summary>
    public bool OutputMayRevealCode { get; init; }

    /// <summary>Most bytes of output where the output may not reveal the code.</summary>
    /// <value>4 KiB.</value>
    public long GuardedOutputBytesMax { get; init; } = 4 << 10;

    /// <inheritdoc/>
    public override string? Fault() => base.Fault() ?? (GuardedOutputBytesMax < 0 ? "the output's size is below zero" : null);

    /// <inheritdoc/>
    public bool Equals(AppPolicy? other) => other is not null && PolicyCodec.SameEncoding(this, other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Title, Owner, Revision);
}
