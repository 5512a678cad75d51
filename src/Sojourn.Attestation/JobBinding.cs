using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text;

namespace Sojourn.Attestation;

/// <summary>What one piece of evidence is for: the ledger, the beacon, the job, who runs it, and the two keys that live in the enclave only.</summary>
/// <remarks>Its canonical encoding is the domain, then each field as a 32-bit big-endian length and its bytes; policy identifiers are counted, sorted and distinct. No field can run into the next.</remarks>
public sealed record JobBinding
{
    /// <summary>The domain that separates this digest from every other in the project.</summary>
    public const string Domain = "sojourn/report-data/v1";

    private const int FieldBytesMax = 4096;
    private const int PoliciesMax = 256;

    /// <summary>The digest of the ledger's genesis.</summary>
    public required ReadOnlyMemory<byte> Genesis { get; init; }

    /// <summary>The beacon that the job's draw used.</summary>
    public required ReadOnlyMemory<byte> Beacon { get; init; }

    /// <summary>The job's id.</summary>
    public required ReadOnlyMemory<byte> JobId { get; init; }

    /// <summary>The executor's ledger address.</summary>
    public required ReadOnlyMemory<byte> Executor { get; init; }

    /// <summary>The round of the draw; 0 for the first.</summary>
    public required uint Round { get; init; }

    /// <summary>The CIDs of all policies that govern the job's code and inputs, in any order.</summary>
    public required ImmutableArray<ReadOnlyMemory<byte>> PolicyCids { get; init; }

    /// <summary>The enclave's HPKE public key.</summary>
    public required ReadOnlyMemory<byte> HpkeKey { get; init; }

    /// <summary>The enclave's receipt public key.</summary>
    public required ReadOnlyMemory<byte> ReceiptKey { get; init; }

    /// <summary>The canonical encoding: the input of the report data's digest.</summary>
    public byte[] Encode()
    {
        using var stream = new MemoryStream();
        Field(stream, Encoding.ASCII.GetBytes(Domain));
        Field(stream, Genesis.Span);
        Field(stream, Beacon.Span);
        Field(stream, JobId.Span);
        Field(stream, Executor.Span);
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(number, Round);
        Field(stream, number);
        var sorted = SortedPolicies();
        BinaryPrimitives.WriteInt32BigEndian(number, sorted.Count);
        stream.Write(number);
        foreach (var policy in sorted)
        {
            Field(stream, policy);
        }

        Field(stream, HpkeKey.Span);
        Field(stream, ReceiptKey.Span);
        return stream.ToArray();
    }

    /// <summary>Reads a canonical encoding; anything else is refused.</summary>
    /// <param name="bytes">The encoding.</param>
    /// <param name="binding">The binding, or null.</param>
    /// <returns>Whether it was one.</returns>
    public static bool TryDecode(ReadOnlyMemory<byte> bytes, out JobBinding? binding)
    {
        binding = null;
        var rest = bytes;
        if (!Take(ref rest, out var domain) || !domain.Span.SequenceEqual(Encoding.ASCII.GetBytes(Domain))
            || !Take(ref rest, out var genesis) || !Take(ref rest, out var beacon) || !Take(ref rest, out var job)
            || !Take(ref rest, out var executor) || !Take(ref rest, out var round) || round.Length != 4 || rest.Length < 4)
        {
            return false;
        }

        var count = BinaryPrimitives.ReadInt32BigEndian(rest.Span);
        rest = rest[4..];
        if (count is < 0 or > PoliciesMax)
        {
            return false;
        }

        var policies = ImmutableArray.CreateBuilder<ReadOnlyMemory<byte>>(count);
        for (var i = 0; i < count; i++)
        {
            if (!Take(ref rest, out var policy))
            {
                return false;
            }

            policies.Add(policy);
        }

        if (!Take(ref rest, out var hpke) || !Take(ref rest, out var receipt) || rest.Length != 0)
        {
            return false;
        }

        var read = new JobBinding
        {
            Genesis = genesis,
            Beacon = beacon,
            JobId = job,
            Executor = executor,
            Round = BinaryPrimitives.ReadUInt32BigEndian(round.Span),
            PolicyCids = policies.MoveToImmutable(),
            HpkeKey = hpke,
            ReceiptKey = receipt,
        };
        if (!read.Encode().AsSpan().SequenceEqual(bytes.Span))
        {
            return false;
        }

        binding = read;
        return true;
    }

    internal List<byte[]> SortedPolicies()
    {
        var all = PolicyCids.IsDefault ? [] : PolicyCids.Select(cid => cid.ToArray()).ToList();
        all.Sort((a, b) => a.AsSpan().SequenceCompareTo(b));
        for (var i = all.Count - 1; i > 0; i--)
        {
            if (all[i].AsSpan().SequenceEqual(all[i - 1]))
            {
                all.RemoveAt(i);
            }
        }

        return all;
    }

    private static void Field(MemoryStream stream, ReadOnlySpan<byte> bytes)
    {
        Span<byte> length = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(length, bytes.Length);
        stream.Write(length);
        stream.Write(bytes);
    }

    private static bool Take(ref ReadOnlyMemory<byte> rest, out ReadOnlyMemory<byte> field)
    {
        field = default;
        if (rest.Length < 4)
        {
            return false;
        }

        var length = BinaryPrimitives.ReadInt32BigEndian(rest.Span);
        if (length < 0 || length > FieldBytesMax || length > rest.Length - 4)
        {
            return false;
        }

        field = rest.Slice(4, length);
        rest = rest[(4 + length)..];
        return true;
    }
}
