using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using Sojourn.Cryptography.Secrets;
using Sojourn.Primitives;

namespace Sojourn.Enclave.Sealing;

/// <summary>What executors compare: HMAC(k, output), k derived from the released keys and the job, so that equal confidential outputs have equal tags and a tag tells nothing else.</summary>
internal static class OutputTag
{
    /// <summary>The tag.</summary>
    /// <param name="keys">The released keys, in the order of the job's contents.</param>
    /// <param name="job">The job.</param>
    /// <param name="output">The output after guards.</param>
    /// <remarks>Every length is written before its bytes, so that no two outputs run together. Without sealed content k is public, and so is the output.</remarks>
    public static Digest Compute(IEnumerable<SecretKey> keys, in Digest job, ImmutableSortedDictionary<string, byte[]> output)
    {
        Span<byte> k = stackalloc byte[32];
        DeriveKey(keys, job, k);
        try
        {
            using var mac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, k);
            Span<byte> length = stackalloc byte[8];
            foreach (var (path, content) in output)
            {
                var name = Encoding.UTF8.GetBytes(path);
                BinaryPrimitives.WriteInt64BigEndian(length, name.Length);
                mac.AppendData(length);
                mac.AppendData(name);
                BinaryPrimitives.WriteInt64BigEndian(length, content.LongLength);
                mac.AppendData(length);
                mac.AppendData(content);
            }

            return new Digest(mac.GetHashAndReset());
        }
        finally
        {
            CryptographicOperations.ZeroMemory(k);
        }
    }

    private static void DeriveKey(IEnumerable<SecretKey> keys, in Digest job, Span<byte> k)
    {
        using var extract = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, "sojourn/result-tag/1"u8);
        foreach (var key in keys)
        {
            using var lease = key.Lend();
            extract.AppendData(lease.Span);
        }

        extract.AppendData(job.AsSpan());
        extract.GetHashAndReset(k);
    }
}
