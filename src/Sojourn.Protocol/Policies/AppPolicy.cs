using System.Collections.Immutable;
using Sojourn.Cryptography.Sealing;
using Sojourn.Primitives;

namespace Sojourn.Protocol.Policies;

/// <summary>An app owner's policy: who may run sealed code, on what proof, at what price.</summary>
public sealed record AppPolicy : OwnerPolicy
{
    /// <summary>The bodies (<see cref="SealedHeader.Body"/>) of the sealed modules that the owner answers for. Data policies that trust the owner (<see cref="DataPolicy.AppOwners"/>) trust these modules alone:
    /// the policy itself is public, and anybody can seal other code under it.</summary>
    public ImmutableArray<Cid> Code { get; init; } = [];

    /// <summary>Whether the output may let its reader infer the code. Where it may not, only guarded or small outputs will do.</summary>
    public bool OutputMayRevealCode { get; init; }

    /// <summary>Most bytes of output where the output may not reveal the code.</summary>
    /// <value>4 KiB.</value>
    public long GuardedOutputBytesMax { get; init; } = 4 << 10;

    /// <inheritdoc/>
    public override string? Fault() => base.Fault() ?? (GuardedOutputBytesMax < 0 ? "the output's size is below zero" : Code.Length > PolicyCodec.ListMax ? "too many modules" : null);

    /// <summary>Who answers for a sealed module: the owner of the policy that its header names, if that policy lists its body; otherwise nobody.</summary>
    /// <param name="module">The module's header.</param>
    /// <param name="policy">The signed policy; its signature was checked.</param>
    public static Address? OwnerOf(SealedHeader? module, SignedPolicy? policy) =>
        module?.Policy is { } named && named == policy?.Cid && policy.Policy is AppPolicy app && app.Code.Contains(module.Body) ? app.Owner : null;

    /// <inheritdoc/>
    public bool Equals(AppPolicy? other) => other is not null && PolicyCodec.SameEncoding(this, other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Title, Owner, Revision);
}
