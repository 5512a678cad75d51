using System.Collections.Immutable;

namespace Sojourn.Attestation;

/// <summary>One acceptable state: for each named measurement, the values that will do. All must hold together.</summary>
public sealed record ReferenceSet
{
    /// <summary>
    /// The measurement name under which a set lists the SHA-256 digests of every file that may run on the machine (the closed world of an IMA list). It is no measurement
    /// to compare: it bounds what else may be in the list.
    /// </summary>
    public const string KnownFiles = "ima";

    /// <summary>What the name of a measurement begins with that asks for one file of an IMA list: <c>ima/NAME</c>.</summary>
    public const string ImaPrefix = "ima/";

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

            // A machine may have run several files of one name; the closed world bounds the others.
            if (!values.Contains(found.Hex) && !(name.StartsWith(ImaPrefix, StringComparison.Ordinal) && measured.Any(m => m.Name == name && values.Contains(m.Hex))))
            {
                return $"{name} is {found.Hex}";
            }
        }

        return null;
    }
}
