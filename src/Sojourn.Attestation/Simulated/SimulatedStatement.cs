using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Sojourn.Attestation.Simulated;

/// <summary>
/// The layout of a simulated statement: a header that says what it is worth, version, time, report data, measurement, chip, and the P-256 key that signed it.
/// </summary>
internal static class SimulatedStatement
{
    public const int Version = 1;
    public const int SignedLength = 40 + 4 + 8 + 64 + 32 + 32 + 64;
    public const int Length = SignedLength + 64;

    /// <summary>40 bytes; a person who sees them in a file knows.</summary>
    public static ReadOnlySpan<byte> Header => "SIMULATED EVIDENCE: PROVES NOTHING HERE\n"u8;

    public static byte[] Write(ECDsa key, ReadOnlySpan<byte> reportData, ReadOnlySpan<byte> measurement, ReadOnlySpan<byte> chip, DateTimeOffset now)
    {
        var bytes = new byte[Length];
        var span = bytes.AsSpan();
        Header.CopyTo(span);
        BinaryPrimitives.WriteInt32BigEndian(span[40..], Version);
        BinaryPrimitives.WriteInt64BigEndian(span[44..], now.ToUnixTimeMilliseconds());
        reportData.CopyTo(span.Slice(52, 64));
        measurement.CopyTo(span.Slice(116, 32));
        chip.CopyTo(span.Slice(148, 32));
        var q = key.ExportParameters(includePrivateParameters: false).Q;
        q.X!.CopyTo(span.Slice(180, 32));
        q.Y!.CopyTo(span.Slice(212, 32));
        key.SignData(span[..SignedLength], span[SignedLength..], HashAlgorithmName.SHA256);
        return bytes;
    }
}
