namespace Sojourn.Attestation;

/// <summary>The name of the piece of silicon behind evidence: one chip serves one executor, and revocation is by chip too.</summary>
/// <param name="Scheme">Who gave the name: <c>amd</c>, <c>intel</c>, <c>tpm-ek</c>, <c>aws-instance</c>, <c>simulated</c>; empty where there is none.</param>
/// <param name="Value">The name, in lower case.</param>
public readonly record struct ChipIdentity(string Scheme, string Value)
{
    /// <summary>No identity: the platform hides it.</summary>
    public static ChipIdentity None { get; } = new("", "");

    /// <summary>Whether the platform hides it.</summary>
    public bool IsNone => string.IsNullOrEmpty(Scheme);

    internal static ChipIdentity Of(string scheme, ReadOnlySpan<byte> value) => new(scheme, Convert.ToHexStringLower(value));

    /// <summary>Reads what <see cref="ToString"/> writes.</summary>
    /// <param name="text">Scheme, colon, value.</param>
    /// <param name="chip">The identity.</param>
    public static bool TryParse(string? text, out ChipIdentity chip)
    {
        chip = None;
        var colon = text?.IndexOf(':') ?? -1;
        if (colon <= 0 || colon == text!.Length - 1)
        {
            return false;
        }

        chip = new ChipIdentity(text[..colon].ToLowerInvariant(), text[(colon + 1)..].ToLowerInvariant());
        return true;
    }

    /// <summary>Scheme, colon, value; <c>none</c> where there is none.</summary>
    public override string ToString() => IsNone ? "none" : $"{Scheme}:{Value}";
}
