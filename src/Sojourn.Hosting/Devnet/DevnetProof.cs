using System.Collections.Immutable;
using Sojourn.Attestation;
using Sojourn.Protocol.Policies;

namespace Sojourn.Hosting.Devnet;

/// <summary>What a development network's nodes prove, as its file tells it to commands: level and reference values, of which policies are made.</summary>
/// <param name="Level">The level's name.</param>
/// <param name="Kind">The kind of evidence.</param>
/// <param name="Name">The name of the measured state.</param>
/// <param name="Values">Its values.</param>
public sealed record DevnetProof(string Level, string Kind, string Name, IReadOnlyDictionary<string, string[]> Values)
{
    /// <summary>From what the network's owners ask for.</summary>
    /// <param name="proof">The requirement.</param>
    public static DevnetProof Of(ProofRequirement proof) => new(
        proof.Level.Name(), ProofRequirement.NameOf(proof.Kinds[0]), proof.Measurements[0].Name,
        proof.Measurements[0].Values.ToDictionary(pair => pair.Key, pair => pair.Value.ToArray()));

    /// <summary>As a policy asks for it.</summary>
    public ProofRequirement ToRequirement() => new()
    {
        Level = TrustLevels.TryParse(Level, out var level) ? level : throw new FormatException($"the network's file names the level '{Level}'"),
        Kinds = [PolicyCodec.TryParseKind(Kind, out var kind) ? kind : throw new FormatException($"the network's file names the kind '{Kind}'")],
        Measurements =
        [
            new ReferenceSet
            {
                Name = Name,
                Values = Values.ToImmutableSortedDictionary(pair => pair.Key, pair => pair.Value.ToImmutableSortedSet(StringComparer.Ordinal), StringComparer.Ordinal),
            },
        ],
        RequireRevocation = false,
    };
}
