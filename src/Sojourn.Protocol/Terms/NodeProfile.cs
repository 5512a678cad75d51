using System.Collections.Immutable;
using Sojourn.Attestation;
using Sojourn.Primitives;

namespace Sojourn.Protocol.Terms;

/// <summary>What a node says of itself. A change counts only for jobs posted after it, so that nothing can be chosen once a beacon is known.</summary>
public sealed record NodeProfile
{
    /// <summary>The most pinned contents that a profile may name.</summary>
    public const int PinsMax = 256;

    /// <summary>The longest gateway address, in characters.</summary>
    public const int GatewayCharsMax = 256;

    /// <summary>The VRF public key, 33 bytes.</summary>
    public required ReadOnlyMemory<byte> VrfKey { get; init; }

    /// <summary>The chip's identity as evidence will show it: one chip serves one executor.</summary>
    public required Digest Chip { get; init; }

    /// <summary>The proof that the node can give.</summary>
    public TrustLevel Level { get; init; }

    /// <summary>In whose hands the hardware is, as the operator says and endorsements show.</summary>
    public CustodyClass Custody { get; init; }

    /// <summary>Regions, one bit each: the operator's word.</summary>
    public ulong Regions { get; init; }

    /// <summary>Memory that one job may take.</summary>
    public uint MemoryMebibytes { get; init; }

    /// <summary>What the node asks for taking a job at all.</summary>
    public Amount PricePerJob { get; init; }

    /// <summary>What the node asks for each thousand million units of fuel of a job's limit.</summary>
    public Amount PricePerGigafuel { get; init; }

    /// <summary>Whether the node offers to execute.</summary>
    public bool Executes { get; init; } = true;

    /// <summary>Whether the node offers to verify.</summary>
    public bool Verifies { get; init; } = true;

    /// <summary>Where the node serves content, as a URL; may be empty.</summary>
    public string Gateway { get; init; } = "";

    /// <summary>Digests (SHA-256 of the CID's bytes) of contents that the node holds; see <see cref="ContentKey"/>.</summary>
    public ImmutableArray<Digest> Pins { get; init; } = [];
}
