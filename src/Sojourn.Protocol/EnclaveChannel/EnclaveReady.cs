using System.Collections.Immutable;
using Sojourn.Primitives.Cbor;

namespace Sojourn.Protocol.EnclaveChannel;

/// <summary>One piece of an enclave's isolation.</summary>
/// <param name="Piece">Its name.</param>
/// <param name="Missing">Null where it holds; else why it does not.</param>
public sealed record IsolationPiece(string Piece, string? Missing);

/// <summary>An enclave's first words: what shuts it in, and which engine it runs.</summary>
/// <param name="Isolation">Every piece, held or missing.</param>
/// <param name="Engine">The engine's name and version, as receipts carry it.</param>
public sealed record EnclaveReady(ImmutableArray<IsolationPiece> Isolation, string Engine)
{
    /// <summary>The pieces that are missing.</summary>
    public IEnumerable<IsolationPiece> Missing => Isolation.Where(piece => piece.Missing is not null);

    /// <summary>The wire form.</summary>
    public byte[] Encode()
    {
        var writer = new CborWriter().BeginArray().WriteText(Engine).BeginArray();
        foreach (var piece in Isolation)
        {
            writer.BeginArray().WriteText(piece.Piece).WriteText(piece.Missing ?? "").EndArray();
        }

        return writer.EndArray().EndArray().ToArray();
    }

    /// <summary>Reads the wire form.</summary>
    /// <param name="payload">A frame's payload.</param>
    public static EnclaveReady Decode(ReadOnlySpan<byte> payload)
    {
        try
        {
            var reader = new CborReader(payload);
            reader.ReadArrayHeaderExactly(2);
            var engine = reader.ReadText(256);
            var pieces = ImmutableArray.CreateBuilder<IsolationPiece>();
            for (var n = reader.ReadArrayHeader(64); n > 0; n--)
            {
                reader.ReadArrayHeaderExactly(2);
                var piece = reader.ReadText(64);
                pieces.Add(new IsolationPiece(piece, reader.ReadText(1024) is { Length: > 0 } missing ? missing : null));
            }

            reader.ReadEnd();
            return new EnclaveReady(pieces.ToImmutable(), engine);
        }
        catch (CborException e)
        {
            throw new ChannelException(ChannelFault.Malformed, $"an enclave's first words: {e.Fault}");
        }
    }
}
