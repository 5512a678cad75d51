using System.Collections.Immutable;
using Sojourn.Primitives;
using Sojourn.Primitives.Cbor;
using Sojourn.Protocol.EnclaveChannel;

namespace Sojourn.Node.Executing;

/// <summary>A result as it must survive a crash between running and revealing.</summary>
/// <param name="Outcome">What the enclave said.</param>
/// <param name="Nonce">What hides the commitment.</param>
/// <param name="Blocks">Blocks of the output that were still on their way into the store when this was kept: after a crash the result counts if all of them arrived.</param>
internal sealed record StoredResult(Outcome Outcome, Digest Nonce, ImmutableArray<Cid> Blocks)
{
    /// <summary>The most blocks that may be on their way; an output of more is stored first.</summary>
    public const int BlocksMax = 64;

    /// <summary>The kept form.</summary>
    public byte[] Encode()
    {
        var writer = new CborWriter().BeginArray().WriteBytes(Nonce.AsSpan()).WriteBytes(Outcome.Encode()).BeginArray();
        foreach (var block in Blocks)
        {
            writer.WriteBytes(block.Bytes);
        }

        return writer.EndArray().EndArray().ToArray();
    }

    /// <summary>Reads the kept form; null where it is none: a result that was never committed to.</summary>
    /// <param name="bytes">The bytes.</param>
    public static StoredResult? Decode(ReadOnlySpan<byte> bytes)
    {
        try
        {
            var reader = new CborReader(bytes);
            reader.ReadArrayHeaderExactly(3);
            var nonce = new Digest(reader.ReadBytesExactly(Digest.Length));
            var outcome = Outcome.Decode(reader.ReadBytes(2 << 20));
            var blocks = ImmutableArray.CreateBuilder<Cid>();
            for (var n = reader.ReadArrayHeader(BlocksMax); n > 0; n--)
            {
                blocks.Add(Cid.Decode(reader.ReadBytes(128)));
            }

            reader.ReadEnd();
            return new StoredResult(outcome, nonce, blocks.ToImmutable());
        }
        catch (Exception e) when (e is CborException or CidException or ChannelException)
        {
            return null;
        }
    }
}
