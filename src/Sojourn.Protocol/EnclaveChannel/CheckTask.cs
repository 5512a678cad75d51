using Sojourn.Primitives;
using Sojourn.Primitives.Cbor;

namespace Sojourn.Protocol.EnclaveChannel;

/// <summary>What a verifier tells an enclave of its own: run the job's checker over a public output. No key is involved.</summary>
/// <param name="Genesis">The ledger.</param>
/// <param name="Post">The post, as in <see cref="Assignment"/>.</param>
/// <param name="Output">The output's root.</param>
public sealed record CheckTask(Digest Genesis, ReadOnlyMemory<byte> Post, Cid Output)
{
    /// <summary>The wire form.</summary>
    public byte[] Encode() => new CborWriter().BeginArray().WriteBytes(Genesis.AsSpan()).WriteBytes(Post.Span).WriteBytes(Output.Bytes).EndArray().ToArray();

    /// <summary>Reads the wire form.</summary>
    /// <param name="payload">A frame's payload.</param>
    public static CheckTask Decode(ReadOnlySpan<byte> payload)
    {
        try
        {
            var reader = new CborReader(payload);
            reader.ReadArrayHeaderExactly(3);
            var task = new CheckTask(new Digest(reader.ReadBytesExactly(32)), reader.ReadBytes(96 << 10).ToArray(), Cid.Decode(reader.ReadBytes(128)));
            reader.ReadEnd();
            return task;
        }
        catch (Exception e) when (e is CborException or CidException)
        {
            throw new ChannelException(ChannelFault.Malformed, "a check");
        }
    }
}

/// <summary>What the checker said.</summary>
/// <param name="Accepted">Whether it accepts.</param>
/// <param name="Report">The digest of its report.</param>
[System.Runtime.InteropServices.StructLayout(System.Runtime.InteropServices.LayoutKind.Auto)]
public readonly record struct CheckAnswer(bool Accepted, Digest Report)
{
    /// <summary>The wire form.</summary>
    public byte[] Encode() => new CborWriter().BeginArray().WriteBoolean(Accepted).WriteBytes(Report.AsSpan()).EndArray().ToArray();

    /// <summary>Reads the wire form.</summary>
    /// <param name="payload">A frame's payload.</param>
    public static CheckAnswer Decode(ReadOnlySpan<byte> payload)
    {
        try
        {
            var reader = new CborReader(payload);
            reader.ReadArrayHeaderExactly(2);
            var answer = new CheckAnswer(reader.ReadBoolean(), new Digest(reader.ReadBytesExactly(32)));
            reader.ReadEnd();
            return answer;
        }
        catch (CborException)
        {
            throw new ChannelException(ChannelFault.Malformed, "a checker's answer");
        }
    }
}
