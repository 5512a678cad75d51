using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;
using Sojourn.Primitives;

namespace Sojourn.Content.Import;

/// <summary>Hashes leaves straight out of a file, piece by piece: for imports that want the CID alone.</summary>
internal sealed class LeafHasher(ImportProfile profile) : IDisposable
{
    /// <summary>Small enough for a core's second-level cache, large enough that calls cost nothing.</summary>
    private const int PieceBytes = 128 << 10;

    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly byte[] _piece = GC.AllocateUninitializedArray<byte>(PieceBytes);

    /// <summary>Adds the leaves of a part of a file that begins at a chunk's start.</summary>
    /// <exception cref="EndOfStreamException">The file ends before the part does.</exception>
    public void Hash(SafeFileHandle file, long offset, int length, List<FilePart> leaves)
    {
        for (var at = 0; at < length; at += profile.ChunkBytes)
        {
            leaves.Add(HashLeaf(file, offset + at, Math.Min(profile.ChunkBytes, length - at)));
        }
    }

    public void Dispose() => _hash.Dispose();

    private FilePart HashLeaf(SafeFileHandle file, long offset, int chunkBytes)
    {
        Span<byte> frame = stackalloc byte[FileNodes.LeafOverheadMax];
        var overhead = 0;
        if (!profile.RawLeaves)
        {
            overhead = FileNodes.EncodeLeafStart(chunkBytes, profile, frame);
            _hash.AppendData(frame[..overhead]);
        }

        for (var at = 0; at < chunkBytes;)
        {
            var read = RandomAccess.Read(file, _piece.AsSpan(0, Math.Min(_piece.Length, chunkBytes - at)), offset + at);
            if (read == 0)
            {
                throw new EndOfStreamException($"The file became shorter while it was read: it ends at {offset + at}.");
            }

            _hash.AppendData(_piece.AsSpan(0, read));
            at += read;
        }

        if (!profile.RawLeaves)
        {
            var end = FileNodes.EncodeLeafEnd(chunkBytes, frame);
            _hash.AppendData(frame[..end]);
            overhead += end;
        }

        Span<byte> digest = stackalloc byte[32];
        _hash.GetHashAndReset(digest);
        var cid = profile.RawLeaves ? Cid.FromSha256(Multicodec.Raw, digest) : FileNodes.Identify(digest, profile);
        return new FilePart(cid, (ulong)chunkBytes, (ulong)(chunkBytes + overhead));
    }
}
