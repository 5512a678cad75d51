using System.Collections.Immutable;

namespace Sojourn.Attestation.Devices.Collaterals;

/// <summary>What the store's owner agrees to take from others beyond what vendors sign. Without it, roots and custody statements stay outside.</summary>
public sealed record CollateralConsent
{
    /// <summary>Nothing beyond what vendors sign.</summary>
    public static CollateralConsent None { get; } = new();

    /// <summary>Roots that may come in: <c>enrolment:</c> or <c>development:</c>, and the SHA-256 of the certificate in hexadecimal.</summary>
    public ImmutableHashSet<string> Roots { get; init; } = ImmutableHashSet.Create<string>(StringComparer.OrdinalIgnoreCase);

    /// <summary>Whether statements about who holds a machine may come in. Nobody signs them: whoever agrees has checked where they come from.</summary>
    public bool Custody { get; init; }
}

/// <summary>An import would make the verifier believe something new, and its owner has not agreed. Nothing was written.</summary>
public sealed class CollateralConsentException : CollateralException
{
    /// <summary>Says what would be believed.</summary>
    /// <param name="roots">Roots, as <see cref="CollateralConsent.Roots"/> names them, with the words of each.</param>
    /// <param name="custody">How many custody statements are new.</param>
    public CollateralConsentException(IReadOnlyList<(string Name, string Words)> roots, int custody)
        : base($"The import would make this verifier believe more than vendors sign, so nothing was taken: {string.Join("; ", Parts(roots, custody))}.")
    {
        Roots = roots;
        Custody = custody;
    }

    /// <summary>The roots that need consent.</summary>
    public IReadOnlyList<(string Name, string Words)> Roots { get; }

    /// <summary>How many custody statements need it.</summary>
    public int Custody { get; }

    private static IEnumerable<string> Parts(IReadOnlyList<(string Name, string Words)> roots, int custody)
    {
        foreach (var (name, words) in roots)
        {
            yield return $"the root {name} ({words})";
        }

        if (custody > 0)
        {
            yield return $"{custody} unsigned statement{(custody == 1 ? "" : "s")} about who holds a machine";
        }
    }
}
