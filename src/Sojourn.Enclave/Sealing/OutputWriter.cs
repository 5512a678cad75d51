using System.Collections.Immutable;
using Sojourn.Content;
using Sojourn.Content.Import;
using Sojourn.Cryptography.HybridEncryption;
using Sojourn.Cryptography.Sealing;
using Sojourn.Enclave.Fetching;
using Sojourn.Primitives;
using Sojourn.Protocol.Jobs;
using Sojourn.Protocol.Transactions;

namespace Sojourn.Enclave.Sealing;

/// <summary>Hands the output to the node: sealed to the job's recipients, as one body without names, number or sizes.</summary>
/// <param name="blocks">Where blocks go.</param>
internal sealed class OutputWriter(ChannelBlocks blocks)
{
    /// <summary>Writes the output.</summary>
    /// <param name="spec">Names the recipients; without any the output is public.</param>
    /// <param name="output">Files by path.</param>
    /// <param name="policy">The policy CID that the sealed output carries: that of the job's specification.</param>
    /// <returns>The root.</returns>
    public Cid Write(JobSpec spec, ImmutableSortedDictionary<string, byte[]> output, Cid policy)
    {
        var recipients = new List<HpkePublicKey>();
        foreach (var bytes in spec.Recipients)
        {
            recipients.Add(HpkePublicKey.TryImport(HpkeKem.P256, bytes.Span, out var key)
                ? key
                : throw new EnclaveException(FailReason.PolicyRefused, "a recipient's key is no point of P-256"));
        }

        var sources = output.Select(file => new SealedDirectorySource(file.Key, SealedEntryKind.File, () => new MemoryStream(file.Value, writable: false))).ToList();
        if (recipients.Count == 0)
        {
            // A public output is sealed to nobody: the archive form is the same, without encryption, so it is written as plain files.
            return PlainOutput.Write(output, blocks);
        }

        using var sealer = new ContentSealer(new SealingOptions { Recipients = recipients, Policy = policy, HideRecipients = false });
        Cid body;
        using (var stream = sealer.SealDirectory(sources))
        {
            body = Import(stream);
        }

        var header = sealer.Finish(body);
        var block = Block.Create(Multicodec.DagCbor, header.Encode());
        blocks.Put(block);
        return block.Cid;
    }

    private Cid Import(Stream stream)
    {
        var import = UnixFsImporter.ImportAsync(stream, blocks, new ImportOptions { Degree = 1 });
        return (import.IsCompleted ? import.Result : import.AsTask().GetAwaiter().GetResult()).Root;
    }
}
