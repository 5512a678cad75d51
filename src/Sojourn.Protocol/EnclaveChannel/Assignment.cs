using System.Collections.Immutable;
using Sojourn.Primitives;
using Sojourn.Primitives.Cbor;

namespace Sojourn.Protocol.EnclaveChannel;

/// <summary>What a node tells its enclave. The enclave believes none of it: it recomputes the job's id from the post and binds everything into its report data.</summary>
/// <param name="Genesis">The ledger.</param>
/// <param name="Post">The post, as encoded: sender, nonce and terms, from which the job's id follows; its signature is the ledger's business.</param>
/// <param name="Beacon">The round's beacon.</param>
/// <param name="Round">The round.</param>
/// <param name="Executor">The executor's account.</param>
/// <param name="At">The node's clock, for the receipt's times; untrusted.</param>
public sealed record Assignment(Digest Genesis, ReadOnlyMemory<byte> Post, Digest Beacon, byte Round, Address Executor, DateTimeOffset At)
{
    /// <summary>The wire form.</summary>
    public byte[] Encode() => new CborWriter().BeginArray()
        .WriteBytes(Genesis.AsSpan()).WriteBytes(Post.Span)
        .WriteBytes(Beacon.AsSpan()).WriteUnsigned(Round).WriteBytes(Executor.AsSpan()).WriteInteger(At.ToUnixTimeMilliseconds())
        .EndArray().ToArray();

    /// <summary>Reads the wire form.</summary>
    /// <param name="payload">A frame's payload.</param>
    public static Assignment Decode(ReadOnlySpan<byte> payload)
    {
        try
        {
            var reader = new CborReader(payload);
            reader.ReadArrayHeaderExactly(6);
            var assignment = new Assignment(
                new Digest(reader.ReadBytesExactly(32)), reader.ReadBytes(96 << 10).ToArray(),
                new Digest(reader.ReadBytesExactly(32)), (byte)reader.ReadInt32(0, 255), new Address(reader.ReadBytesExactly(20)),
                DateTimeOffset.FromUnixTimeMilliseconds(Math.Clamp(reader.ReadInt64(), 0, 253402300799999)));
            reader.ReadEnd();
            return assignment;
        }
        catch (CborException e)
        {
            throw new ChannelException(ChannelFault.Malformed, $"an assignment: {e.Fault}");
        }
    }
}

/// <summary>The enclave's fresh keys, and what its evidence must carry.</summary>
/// <param name="HpkeKey">P-256, uncompressed, 65 bytes: keys are released to it.</param>
/// <param name="ReceiptKey">P-256, compressed, 33 bytes: receipts are signed by it.</param>
/// <param name="Binding">The encoding of the job binding whose SHA-512 is the report data.</param>
/// <param name="Sealed">Contents whose keys the enclave needs, each with the CID of its policy.</param>
public sealed record EnclaveIdentity(ReadOnlyMemory<byte> HpkeKey, ReadOnlyMemory<byte> ReceiptKey, ReadOnlyMemory<byte> Binding, ImmutableArray<SealedNeed> Sealed)
{
    /// <summary>The wire form.</summary>
    public byte[] Encode()
    {
        var writer = new CborWriter().BeginArray().WriteBytes(HpkeKey.Span).WriteBytes(ReceiptKey.Span).WriteBytes(Binding.Span).BeginArray();
        foreach (var need in Sealed)
        {
            writer.BeginArray().WriteBytes(need.Content.Bytes).WriteBytes(need.Policy.Bytes).EndArray();
        }

        return writer.EndArray().EndArray().ToArray();
    }

    /// <summary>Reads the wire form.</summary>
    /// <param name="payload">A frame's payload.</param>
    public static EnclaveIdentity Decode(ReadOnlySpan<byte> payload)
    {
        try
        {
            var reader = new CborReader(payload);
            reader.ReadArrayHeaderExactly(4);
            var hpke = reader.ReadBytesExactly(65).ToArray();
            var receipt = reader.ReadBytesExactly(33).ToArray();
            var binding = reader.ReadBytes(32 << 10).ToArray();
            var needs = ImmutableArray.CreateBuilder<SealedNeed>();
            for (var n = reader.ReadArrayHeader(64); n > 0; n--)
            {
                reader.ReadArrayHeaderExactly(2);
                needs.Add(new SealedNeed(Cid.Decode(reader.ReadBytes(128)), Cid.Decode(reader.ReadBytes(128))));
            }

            reader.ReadEnd();
            return new EnclaveIdentity(hpke, receipt, binding, needs.ToImmutable());
        }
        catch (Exception e) when (e is CborException or CidException)
        {
            throw new ChannelException(ChannelFault.Malformed, "an enclave identity");
        }
    }
}

/// <summary>A sealed content whose key is needed.</summary>
/// <param name="Content">The sealed content.</param>
/// <param name="Policy">The policy that its header binds.</param>
public sealed record SealedNeed(Cid Content, Cid Policy);

/// <summary>One released key, still encrypted to the enclave.</summary>
/// <param name="Content">Which content's key.</param>
/// <param name="WrappedKey">The HPKE encapsulation and ciphertext, as the keeper made them; or one custodian's share, of which several come for a content.</param>
public sealed record ReleasedKey(Cid Content, ReadOnlyMemory<byte> WrappedKey);

/// <summary>The admission and the released keys.</summary>
/// <param name="Admission">The admission's id.</param>
/// <param name="EvidenceDigest">The digest of the evidence that was admitted; it goes into the receipt.</param>
/// <param name="Keys">The keys: all that are at hand.</param>
/// <param name="Final">Whether no more can come. Where more may, an enclave that lacks some asks with <see cref="MessageType.KeysAwaited"/> instead of refusing.</param>
public sealed record Releases(Digest Admission, Digest EvidenceDigest, ImmutableArray<ReleasedKey> Keys, bool Final = true)
{
    /// <summary>The wire form.</summary>
    public byte[] Encode()
    {
        var writer = new CborWriter().BeginArray().WriteBytes(Admission.AsSpan()).WriteBytes(EvidenceDigest.AsSpan()).WriteBoolean(Final).BeginArray();
        foreach (var key in Keys)
        {
            writer.BeginArray().WriteBytes(key.Content.Bytes).WriteBytes(key.WrappedKey.Span).EndArray();
        }

        return writer.EndArray().EndArray().ToArray();
    }

    /// <summary>Reads the wire form.</summary>
    /// <param name="payload">A frame's payload.</param>
    public static Releases Decode(ReadOnlySpan<byte> payload)
    {
        try
        {
            var reader = new CborReader(payload);
            reader.ReadArrayHeaderExactly(4);
            var admission = new Digest(reader.ReadBytesExactly(32));
            var evidence = new Digest(reader.ReadBytesExactly(32));
            var final = reader.ReadBoolean();
            var keys = ImmutableArray.CreateBuilder<ReleasedKey>();
            for (var n = reader.ReadArrayHeader(64); n > 0; n--)
            {
                reader.ReadArrayHeaderExactly(2);
                keys.Add(new ReleasedKey(Cid.Decode(reader.ReadBytes(128)), reader.ReadBytes(Protocol.Releases.ShareRelease.BytesMax + 4096).ToArray()));
            }

            reader.ReadEnd();
            return new Releases(admission, evidence, keys.ToImmutable(), final);
        }
        catch (Exception e) when (e is CborException or CidException)
        {
            throw new ChannelException(ChannelFault.Malformed, "releases");
        }
    }
}
