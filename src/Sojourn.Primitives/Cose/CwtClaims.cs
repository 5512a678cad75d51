using Sojourn.Primitives.Cbor;

namespace Sojourn.Primitives.Cose;

/// <summary>A set of claims about a subject (RFC 8392; RFC 9711 for attestation).</summary>
/// <param name="Map">All claims by label, with those that have no property here.</param>
public sealed record CwtClaims(CoseMap Map)
{
    /// <summary>No claims.</summary>
    public static CwtClaims Empty { get; } = new(CoseMap.Empty);

    /// <summary>Who issued the token.</summary>
    public string? Issuer => Map.GetText(CwtClaim.Issuer);

    /// <summary>What it is about.</summary>
    public string? Subject => Map.GetText(CwtClaim.Subject);

    /// <summary>For whom it is.</summary>
    public string? Audience => Map.GetText(CwtClaim.Audience);

    /// <summary>Not to be accepted from then on.</summary>
    public DateTimeOffset? Expiration => Time(CwtClaim.Expiration);

    /// <summary>Not to be accepted before.</summary>
    public DateTimeOffset? NotBefore => Time(CwtClaim.NotBefore);

    /// <summary>When it was issued.</summary>
    public DateTimeOffset? IssuedAt => Time(CwtClaim.IssuedAt);

    /// <summary>The profile that says what the claims mean.</summary>
    public string? Profile => Map.GetText(CwtClaim.EatProfile);

    /// <summary>The freshness nonce, where it is a single one.</summary>
    public byte[]? Nonce => Map.GetBytes(CwtClaim.EatNonce);

    /// <summary>With a text claim.</summary>
    /// <param name="label">The claim.</param>
    /// <param name="value">The text.</param>
    public CwtClaims With(CoseLabel label, string value) => new(Map.With(label, value));

    /// <summary>With a number claim.</summary>
    /// <param name="label">The claim.</param>
    /// <param name="value">The number.</param>
    public CwtClaims With(CoseLabel label, long value) => new(Map.With(label, value));

    /// <summary>With a byte claim.</summary>
    /// <param name="label">The claim.</param>
    /// <param name="value">The bytes.</param>
    public CwtClaims With(CoseLabel label, byte[] value) => new(Map.With(label, value));

    /// <summary>With a time claim, in whole seconds.</summary>
    /// <param name="label">The claim.</param>
    /// <param name="value">The instant.</param>
    public CwtClaims With(CoseLabel label, DateTimeOffset value) => new(Map.With(label, value.ToUnixTimeSeconds()));

    /// <summary>With any claim.</summary>
    /// <param name="label">The claim.</param>
    /// <param name="write">Writes one item.</param>
    public CwtClaims With(CoseLabel label, Action<CborWriter> write) => new(Map.With(label, write));

    /// <summary>Whether the token may be accepted at an instant, as far as its times say.</summary>
    /// <param name="now">The instant.</param>
    public bool HoldsAt(DateTimeOffset now) => (Expiration is not { } end || now < end) && (NotBefore is not { } start || now >= start);

    /// <summary>The deterministic encoding: the payload of a signed token.</summary>
    public byte[] Encode() => Map.Encode();

    /// <summary>Reads claims; untrusted.</summary>
    /// <param name="payload">The payload of a token.</param>
    /// <param name="claims">The claims, unless there is a fault.</param>
    public static CoseFault TryDecode(ReadOnlySpan<byte> payload, out CwtClaims claims)
    {
        var fault = CoseMap.TryDecode(payload, CborProfile.Lenient, out var map);
        claims = fault == CoseFault.None ? new CwtClaims(map) : Empty;
        return fault;
    }

    private DateTimeOffset? Time(long label) => Map.GetInteger(label) is { } seconds and >= -62_135_596_800 and <= 253_402_300_799
        ? DateTimeOffset.FromUnixTimeSeconds(seconds)
        : null;
}
