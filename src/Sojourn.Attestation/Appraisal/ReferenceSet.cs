using System.Collections.Immutable;

namespace Sojourn.Attestation;

/// <summary>One acceptable state: for each named measurement, the values that will do. All must hold together.</summary>
public sealed record ReferenceSet
{
    /// <summary>The state's name, such as a release.</summary>
    public required string Name { get; init; }

    /// <summary>Who vouches for it; empty for values that the policy's owner wrote down.</summary>
    public string Endorser { get; init; } = "";

    /// <summary>Measurement name to acceptable values (lower-case hexadecimal).</summary>
    public required ImmutableSortedDictionary<string, ImmutableSortedSet<string>> Values { get; init; }

    /// <summary>A set with one value per measurement.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="values">Measurement names and values.</param>
    public static ReferenceSet Of(string name, params (string Measurement, string Value)[] values) => new()
    {
        Name = name,
        Values = values.ToImmutableSortedDictionary(v => v.Measurement, v => ImmutableSortedSet.Create(StringComparer.Ordinal, v.Value.ToLowerInvariant()), StringComparer.Ordinal),
    };

    internal string? FirstMismatch(ImmutableArray<Measurement> measured)
    {
        foreach (var (name, values) in Values)
        {
            var found = measured.FirstOrDefault(m => m.Name == name);
            if (found is null)
            {
                return $"{name} is not in the evidence";
            }

            if (!values.Contains(found.Hex))
            {
                return $"{name} is {found.Hex}";
            }
        }

        return null;
    }
}
