using System.Security.Cryptography;
using Sojourn.Primitives;

namespace Sojourn.Protocol.Checks;

/// <summary>What a checker module said of a job's output.</summary>
/// <param name="Checker">The module.</param>
/// <param name="Accepted">Whether it accepts.</param>
/// <param name="Report">The digest of what it printed; see <see cref="DigestOf"/>.</param>
public sealed record CheckerReport(Cid Checker, bool Accepted, Digest Report)
{
    /// <summary>The most bytes that a checker may print; with more it rejects.</summary>
    public const int BytesMax = 64 << 10;

    /// <summary>The digest of a report: of what was printed where output and inputs are public; else of nothing printed, since a digest of a checker's choosing would tell of what it saw.</summary>
    /// <param name="job">The job.</param>
    /// <param name="accepted">Whether the checker accepts.</param>
    /// <param name="printed">What it printed; empty for what is confidential.</param>
    public static Digest DigestOf(in Digest job, bool accepted, ReadOnlySpan<byte> printed)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData("sojourn/checker-report/1"u8);
        hash.AppendData(job.AsSpan());
        hash.AppendData([accepted ? (byte)1 : (byte)0]);
        hash.AppendData(printed);
        return new Digest(hash.GetHashAndReset());
    }
}
