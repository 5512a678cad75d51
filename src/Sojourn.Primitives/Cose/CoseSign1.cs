using System.Security.Cryptography;
using Sojourn.Primitives.Cbor;

namespace Sojourn.Primitives.Cose;

/// <summary>A message with one signature (RFC 9052, section 4.2).</summary>
/// <remarks>Foreign messages are read leniently; the bytes that were signed are kept as they came. What is made here is deterministic.</remarks>
public sealed class CoseSign1
{
    /// <summary>The CBOR tag of COSE_Sign1.</summary>
    public const ulong Tag = 18;

    /// <summary>Longest message that is read, in bytes: 16 MiB.</summary>
    public const int SizeMax = 16 << 20;

    private readonly byte[] protectedBytes;

    private readonly byte[]? original;

    private CoseSign1(byte[] protectedBytes, CoseMap protectedHeaders, CoseMap unprotectedHeaders, ReadOnlyMemory<byte>? payload, byte[] signature, byte[]? original = null)
    {
        this.original = original;
        this.protectedBytes = protectedBytes;
        ProtectedHeaders = protectedHeaders;
        UnprotectedHeaders = unprotectedHeaders;
        Payload = payload;
        Signature = signature;
    }

    /// <summary>What the signature covers beside the payload.</summary>
    public CoseMap ProtectedHeaders { get; }

    /// <summary>What anyone can change.</summary>
    public CoseMap UnprotectedHeaders { get; }

    /// <summary>The payload; null where it travels apart.</summary>
    public ReadOnlyMemory<byte>? Payload { get; }

    /// <summary>r ‖ s. Not an identity of the message: ECDSA signatures are malleable.</summary>
    public ReadOnlyMemory<byte> Signature { get; }

    /// <summary>The algorithm's number, protected or else unprotected; null where it is absent or a text.</summary>
    public long? AlgorithmNumber => ProtectedHeaders.Contains(CoseHeader.Algorithm)
        ? ProtectedHeaders.GetInteger(CoseHeader.Algorithm)
        : UnprotectedHeaders.GetInteger(CoseHeader.Algorithm);

    /// <summary>Whether the signature covers the algorithm's name, as our own messages demand.</summary>
    public bool AlgorithmIsProtected => ProtectedHeaders.GetInteger(CoseHeader.Algorithm) is not null;

    /// <summary>The key identifier, protected or else unprotected.</summary>
    public byte[]? KeyId => ProtectedHeaders.GetBytes(CoseHeader.KeyId) ?? UnprotectedHeaders.GetBytes(CoseHeader.KeyId);

    /// <summary>Reads a message, tagged or not; untrusted. Nothing is verified yet.</summary>
    /// <param name="encoded">The bytes.</param>
    /// <param name="message">The message, unless there is a fault.</param>
    public static CoseFault TryDecode(ReadOnlySpan<byte> encoded, out CoseSign1? message)
    {
        message = null;
        if (encoded.Length > SizeMax)
        {
            return CoseFault.Malformed;
        }

        try
        {
            var reader = new CborReader(encoded, CborProfile.Lenient);
            if (reader.Peek() == CborKind.Tag && reader.ReadTag() != Tag)
            {
                return CoseFault.WrongTag;
            }

            reader.ReadArrayHeaderExactly(4);
            var covered = reader.ReadBytes().ToArray();
            var protectedHeaders = CoseMap.Empty;
            if (covered.Length > 0)
            {
                var fault = CoseMap.TryDecode(covered, CborProfile.Lenient, out protectedHeaders);
                if (fault != CoseFault.None)
                {
                    return fault;
                }
            }

            var unprotectedHeaders = CoseMap.Read(ref reader);
            ReadOnlyMemory<byte>? payload = reader.TryReadNull() ? default(ReadOnlyMemory<byte>?) : reader.ReadBytes().ToArray();
            var signature = reader.ReadBytes().ToArray();
            reader.ReadEnd();

            if (unprotectedHeaders.Labels.Any(protectedHeaders.Contains))
            {
                return CoseFault.DuplicateHeader;
            }

            // RFC 9052, 3.1: "crit" is itself protected; nothing we know of needs it.
            if (protectedHeaders.Contains(CoseHeader.Critical) || unprotectedHeaders.Contains(CoseHeader.Critical))
            {
                return CoseFault.CriticalHeader;
            }

            message = new CoseSign1(covered, protectedHeaders, unprotectedHeaders, payload, signature, encoded.ToArray());
            return CoseFault.None;
        }
        catch (CborException fault)
        {
            return fault.Fault == CborFault.DuplicateKey ? CoseFault.DuplicateHeader : CoseFault.Malformed;
        }
    }

    /// <summary>Signs with an ECDSA key.</summary>
    /// <param name="key">A private key on any curve.</param>
    /// <param name="algorithm">Which hash.</param>
    /// <param name="payload">The payload.</param>
    /// <param name="headers">More protected headers; the algorithm is added.</param>
    /// <param name="unprotectedHeaders">Headers that the signature does not cover.</param>
    /// <param name="externalAad">Covered by the signature and carried elsewhere.</param>
    /// <param name="detached">Leaves the payload out of the message.</param>
    public static CoseSign1 Sign(
        ECDsa key,
        CoseAlgorithm algorithm,
        ReadOnlySpan<byte> payload,
        CoseMap? headers = null,
        CoseMap? unprotectedHeaders = null,
        ReadOnlySpan<byte> externalAad = default,
        bool detached = false)
    {
        ArgumentNullException.ThrowIfNull(key);
        return Sign(toBeSigned => key.SignData(toBeSigned, HashOf(algorithm), DSASignatureFormat.IeeeP1363FixedFieldConcatenation), algorithm, payload, headers, unprotectedHeaders, externalAad, detached);
    }

    /// <summary>Signs with something else: a device, a remote key.</summary>
    /// <param name="sign">From the bytes to be signed to r ‖ s.</param>
    /// <param name="algorithm">What it does.</param>
    /// <param name="payload">The payload.</param>
    /// <param name="headers">More protected headers; the algorithm is added.</param>
    /// <param name="unprotectedHeaders">Headers that the signature does not cover.</param>
    /// <param name="externalAad">Covered by the signature and carried elsewhere.</param>
    /// <param name="detached">Leaves the payload out of the message.</param>
    public static CoseSign1 Sign(
        Func<byte[], byte[]> sign,
        CoseAlgorithm algorithm,
        ReadOnlySpan<byte> payload,
        CoseMap? headers = null,
        CoseMap? unprotectedHeaders = null,
        ReadOnlySpan<byte> externalAad = default,
        bool detached = false)
    {
        ArgumentNullException.ThrowIfNull(sign);
        var protectedHeaders = (headers ?? CoseMap.Empty).With(CoseHeader.Algorithm, (long)algorithm);
        var encoded = protectedHeaders.Encode();
        var signature = sign(Structure(encoded, externalAad, payload));
        return new CoseSign1(encoded, protectedHeaders, unprotectedHeaders ?? CoseMap.Empty, detached ? default(ReadOnlyMemory<byte>?) : payload.ToArray(), signature);
    }

    /// <summary>Checks the signature.</summary>
    /// <param name="key">A public key on any curve.</param>
    /// <param name="externalAad">As the signer's.</param>
    /// <param name="detachedPayload">The payload, where it travels apart; null where it is inside.</param>
    public CoseFault Verify(ECDsa key, ReadOnlySpan<byte> externalAad = default, ReadOnlyMemory<byte>? detachedPayload = null)
    {
        ArgumentNullException.ThrowIfNull(key);
        if (AlgorithmNumber is not { } number || !Enum.IsDefined((CoseAlgorithm)(int)Math.Clamp(number, int.MinValue, int.MaxValue)))
        {
            return CoseFault.UnknownAlgorithm;
        }

        if (Payload is null == detachedPayload is null)
        {
            return CoseFault.DetachedPayload;
        }

        if (Signature.Length != 2 * ((key.KeySize + 7) / 8))
        {
            return CoseFault.SignatureLength;
        }

        var toBeSigned = Structure(protectedBytes, externalAad, (Payload ?? detachedPayload!.Value).Span);
        return key.VerifyData(toBeSigned, Signature.Span, HashOf((CoseAlgorithm)number), DSASignatureFormat.IeeeP1363FixedFieldConcatenation)
            ? CoseFault.None
            : CoseFault.SignatureMismatch;
    }

    /// <summary>The Sig_structure (RFC 9052, section 4.4): what the signature is over.</summary>
    /// <param name="externalAad">As the signer's.</param>
    /// <param name="detachedPayload">The payload, where it travels apart.</param>
    public byte[] SignatureStructure(ReadOnlySpan<byte> externalAad = default, ReadOnlyMemory<byte>? detachedPayload = null) =>
        Structure(protectedBytes, externalAad, (Payload ?? detachedPayload ?? default).Span);

    /// <summary>The message's bytes: for one that was read, as it came.</summary>
    /// <param name="tagged">For one that was made here: with the tag 18, by which a reader knows what it is.</param>
    public byte[] Encode(bool tagged = true)
    {
        if (original is not null)
        {
            return (byte[])original.Clone();
        }

        var writer = new CborWriter(CborProfile.Deterministic, protectedBytes.Length + Signature.Length + (Payload?.Length ?? 0) + 64);
        if (tagged)
        {
            writer.WriteTag(Tag);
        }

        writer.BeginArray().WriteBytes(IsEmptyMap(protectedBytes) ? default : protectedBytes);
        UnprotectedHeaders.Write(writer);
        if (Payload is { } payload)
        {
            writer.WriteBytes(payload.Span);
        }
        else
        {
            writer.WriteNull();
        }

        return writer.WriteBytes(Signature.Span).EndArray().ToArray();
    }

    private static byte[] Structure(ReadOnlySpan<byte> protectedBytes, ReadOnlySpan<byte> externalAad, ReadOnlySpan<byte> payload) =>
        new CborWriter(CborProfile.Deterministic, protectedBytes.Length + externalAad.Length + payload.Length + 64)
            .BeginArray()
            .WriteText("Signature1")
            // An empty map counts as an empty string, whichever way it came (section 3, and 4.4 step 2).
            .WriteBytes(IsEmptyMap(protectedBytes) ? default : protectedBytes)
            .WriteBytes(externalAad)
            .WriteBytes(payload)
            .EndArray()
            .ToArray();

    private static bool IsEmptyMap(ReadOnlySpan<byte> encoded) => encoded is [] or [0xA0];

    private static HashAlgorithmName HashOf(CoseAlgorithm algorithm) => algorithm switch
    {
        CoseAlgorithm.ES256 => HashAlgorithmName.SHA256,
        CoseAlgorithm.ES384 => HashAlgorithmName.SHA384,
        CoseAlgorithm.ES512 => HashAlgorithmName.SHA512,
        _ => throw new ArgumentOutOfRangeException(nameof(algorithm), algorithm, "ES256, ES384 and ES512 are known."),
    };
}
