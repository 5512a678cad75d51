using System.Security.Cryptography;

namespace Sojourn.Attestation;

/// <summary>The 64 bytes that evidence must carry: the digest of a <see cref="JobBinding"/>, or a verifier's challenge.</summary>
public sealed class ReportData
{
    /// <summary>The length of a hardware report's field.</summary>
    public const int Length = 64;

    /// <summary>The longest challenge: what a Nitro document can carry. Other kinds carry 64 bytes at most.</summary>
    public const int ChallengeMax = 512;

    private readonly byte[] bytes;

    private ReportData(byte[] bytes, JobBinding? binding, bool challenge)
    {
        this.bytes = bytes;
        Binding = binding;
        IsChallenge = challenge;
    }

    /// <summary>What the data is the digest of; null for a challenge.</summary>
    public JobBinding? Binding { get; }

    /// <summary>Whether this is a bare challenge rather than a job's digest.</summary>
    public bool IsChallenge { get; }

    /// <summary>The bytes: 64 for a job's digest, 1 to 512 for a challenge.</summary>
    public ReadOnlySpan<byte> Bytes => bytes;

    /// <summary>The one definition of report data: SHA-512 of the binding's canonical encoding.</summary>
    /// <param name="binding">What the evidence is for.</param>
    public static ReportData Compute(JobBinding binding) => new(SHA512.HashData(binding.Encode()), binding, challenge: false);

    /// <summary>The report data whose digest is already known, for a device that is handed only that.</summary>
    /// <param name="digest">64 bytes.</param>
    public static ReportData FromDigest(ReadOnlySpan<byte> digest) =>
        digest.Length == Length ? new(digest.ToArray(), null, challenge: false) : throw new ArgumentException("Report data is 64 bytes.", nameof(digest));

    /// <summary>A verifier's challenge, carried as it is.</summary>
    /// <param name="nonce">1 to 512 bytes (64 for hardware reports); 16 or more where it must not be guessed.</param>
    public static ReportData ForChallenge(ReadOnlySpan<byte> nonce) =>
        nonce.Length is > 0 and <= ChallengeMax ? new(nonce.ToArray(), null, challenge: true) : throw new ArgumentException("A challenge is 1 to 512 bytes.", nameof(nonce));

    /// <summary>The field of a hardware report: the bytes, zeroes after them.</summary>
    /// <exception cref="InvalidOperationException">The challenge is longer than the field.</exception>
    public byte[] Padded()
    {
        if (bytes.Length > Length)
        {
            throw new InvalidOperationException("A hardware report carries 64 bytes at most; use a shorter challenge.");
        }

        var padded = new byte[Length];
        bytes.CopyTo(padded, 0);
        return padded;
    }

    /// <summary>What a TPM quote carries as qualifying data: SHA-256 of the 64 bytes, since many TPMs take no 64; a challenge goes as it is.</summary>
    public byte[] ForTpm() => IsChallenge ? bytes[..] : SHA256.HashData(bytes);

    /// <summary>Hexadecimal, lower case.</summary>
    public override string ToString() => Convert.ToHexStringLower(bytes);
}
