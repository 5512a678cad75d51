using System.Security.Cryptography;
using Sojourn.Content.Codecs;
using Sojourn.Content.UnixFs;
using Sojourn.Cryptography.Sealing;
using Sojourn.Cryptography.Secrets;
using Sojourn.Enclave.Jobs;
using Sojourn.Enclave.Running;
using Sojourn.Primitives;
using Sojourn.Protocol.Transactions;
using Sojourn.Wasm.Wasi;

namespace Sojourn.Enclave.Fetching;

/// <summary>Reads the job's contents, plain or sealed, as files.</summary>
/// <param name="blocks">Where blocks come from.</param>
internal sealed class ContentReader(ChannelBlocks blocks) : IDisposable
{
    private const int EntriesMax = 100_000;
    private readonly List<IDisposable> _opened = [];

    /// <summary>Reads a whole content, such as a module.</summary>
    /// <param name="content">Which.</param>
    /// <param name="key">Its key, where it is sealed.</param>
    /// <param name="bytesMax">The most that is taken.</param>
    public byte[] ReadAll(AssignedContent content, SecretKey? key, long bytesMax)
    {
        var files = Files(content, key);
        if (files is not [("", var file)])
        {
            throw new EnclaveException(FailReason.CodeInvalid, $"{content.Content} is a folder; one file was expected");
        }

        if (file.Length > bytesMax)
        {
            throw new EnclaveException(FailReason.CodeTooLarge, $"{content.Content} has more than the {bytesMax} bytes that are taken");
        }

        var bytes = GC.AllocateUninitializedArray<byte>((int)file.Length);
        file.Read(0, bytes);
        return bytes;
    }

    /// <summary>The files of a content.</summary>
    /// <param name="content">Which.</param>
    /// <param name="key">Its key, where it is sealed.</param>
    /// <returns>Relative paths and contents; a single file has the empty path.</returns>
    public IReadOnlyList<(string Path, FileContent Content)> Files(AssignedContent content, SecretKey? key) =>
        content.Header is { } header
            ? Sealed(content.Content, header, key ?? throw new EnclaveException(FailReason.KeyMissing, $"no key was released for {content.Content}"))
            : Plain(content.Content);

    /// <inheritdoc/>
    public void Dispose() => _opened.ForEach(opened => opened.Dispose());

    private List<(string Path, FileContent Content)> Sealed(Cid root, SealedHeader header, SecretKey key)
    {
        var fault = OpenedContent.TryCreate(header, key, out var opened);
        if (fault != SealedFault.None)
        {
            throw new EnclaveException(FailReason.ContentBroken, $"{root} does not open under the released key ({fault})");
        }

        _opened.Add(opened!);
        var body = new SealedBody(FileTree.Open(header.Body, blocks), header.ChunkSize);
        var reader = opened!.OpenReader(body);
        _opened.Add(reader);
        if (opened.Metadata.Kind == SealedKind.File)
        {
            return [("", new SealedFile(blocks, reader, 0, reader.Length))];
        }

        var manifest = Wait(SealedDirectory.ReadManifestAsync(opened, reader));
        return [.. manifest.Where(entry => entry.Kind == SealedEntryKind.File).Select(entry => (entry.Path, (FileContent)new SealedFile(blocks, reader, entry.Offset, entry.Length)))];
    }

    private List<(string Path, FileContent Content)> Plain(Cid root)
    {
        var files = new List<(string, FileContent)>();
        Walk(root, "", files, 0);
        return files;
    }

    private void Walk(Cid cid, string path, List<(string Path, FileContent Content)> files, int depth)
    {
        if (depth > 64 || files.Count >= EntriesMax)
        {
            throw new EnclaveException(FailReason.ContentBroken, "a folder is too deep or too large");
        }

        if (cid.Codec == Multicodec.DagPb && DagPb.TryDecode(blocks.Get(cid).Data, out var node, out _) && node.Data is { } bytes
            && UnixFsData.TryDecode(bytes, out var data, out _))
        {
            switch (data.Type)
            {
                case UnixFsType.Directory:
                    foreach (var link in node.Links)
                    {
                        var name = link.Name;
                        if (name.Length == 0 || name is "." or ".." || name.Contains('/') || name.Contains('\0'))
                        {
                            throw new EnclaveException(FailReason.ContentBroken, "a folder holds a name that no file can have");
                        }

                        Walk(link.Cid, path.Length == 0 ? name : $"{path}/{name}", files, depth + 1);
                    }

                    return;
                case UnixFsType.Symlink:
                    return;
                case UnixFsType.HamtShard:
                    throw new EnclaveException(FailReason.ContentUnavailable, $"{cid} is a sharded folder; as an input, seal it or make it smaller");
                default:
                    break;
            }
        }

        files.Add((path, new PlainFile(blocks, FileTree.Open(cid, blocks))));
    }

    private static T Wait<T>(ValueTask<T> task) =>
        task.IsCompleted ? task.Result : task.AsTask().GetAwaiter().GetResult();

    private sealed class PlainFile(ChannelBlocks blocks, FileTree tree) : FileContent
    {
        public override long Length => tree.Length;

        public override void Read(long offset, Span<byte> buffer)
        {
            try
            {
                tree.Read(offset, buffer);
            }
            catch (Exception e) when (e is EnclaveException or IOException)
            {
                blocks.Fail(e);
                throw;
            }
        }
    }

    private sealed class SealedFile(ChannelBlocks blocks, SealedReader reader, long start, long length) : FileContent
    {
        public override long Length => length;

        public override void Read(long offset, Span<byte> buffer)
        {
            var copy = GC.AllocateUninitializedArray<byte>(buffer.Length);
            try
            {
                var read = Wait(reader.ReadAsync(start + offset, copy));
                if (read != copy.Length)
                {
                    throw new EnclaveException(FailReason.ContentBroken, "sealed content ends before its length");
                }

                copy.CopyTo(buffer);
            }
            catch (SealedContentException e)
            {
                var damaged = new EnclaveException(FailReason.ContentBroken, $"sealed content is damaged: {e.Fault}");
                blocks.Fail(damaged);
                throw damaged;
            }
            catch (Exception e) when (e is EnclaveException or IOException)
            {
                blocks.Fail(e);
                throw;
            }
            finally
            {
                CryptographicOperations.ZeroMemory(copy);
            }
        }
    }

    // One chunk is one leaf, so a chunk is a slice of a block that is held anyway.
    private sealed class SealedBody(FileTree tree, int chunkSize) : ISealedBody
    {
        public ValueTask<ReadOnlyMemory<byte>> ReadChunkAsync(long index, int length, CancellationToken cancellationToken)
        {
            var offset = index * chunkSize;
            return new(tree.Slice(offset, (int)Math.Clamp(tree.Length - offset, 0, length)));
        }
    }
}
