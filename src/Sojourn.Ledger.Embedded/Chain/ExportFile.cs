using System.Buffers.Binary;
using Sojourn.Primitives;
using Sojourn.Protocol.Accounts;
using Sojourn.Protocol.Genesis;
using Sojourn.Protocol.Ports;

namespace Sojourn.Ledger.Embedded.Chain;

/// <summary>A whole chain in one file that anyone can check: the genesis behind its length in four big-endian bytes, then every block as <see cref="Block.WriteTo"/> writes it.</summary>
public static class ExportFile
{
    private const int GenesisMax = 1 << 22;

    /// <summary>Writes all blocks that are kept for good. The file is whole or not there.</summary>
    /// <param name="ledger">The ledger.</param>
    /// <param name="path">Where to; nothing may be there.</param>
    /// <param name="cancellation">Stops and takes back what was written.</param>
    /// <returns>The number of the last block.</returns>
    public static ulong Write(EmbeddedLedger ledger, string path, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(ledger);
        var temporary = path + ".new";
        try
        {
            ulong next = 1;
            using (var output = new FileStream(temporary, FileMode.Create))
            {
                var genesis = GenesisCodec.Encode(ledger.Genesis);
                Span<byte> length = stackalloc byte[4];
                BinaryPrimitives.WriteInt32BigEndian(length, genesis.Length);
                output.Write(length);
                output.Write(genesis);
                for (IReadOnlyList<Block> blocks; (blocks = ledger.Blocks(next, 1000)).Count > 0; next += (ulong)blocks.Count)
                {
                    foreach (var block in blocks)
                    {
                        block.WriteTo(output);
                    }

                    cancellation.ThrowIfCancellationRequested();
                }

                output.Flush(flushToDisk: true);
            }

            File.Move(temporary, path);
            return next - 1;
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    /// <summary>Replays a file from genesis and checks everything in it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="cancellation">Stops.</param>
    /// <param name="signatures">Checks signatures; the real schemes where null.</param>
    /// <param name="vrf">Checks VRF proofs; the real function where null.</param>
    public static AuditResult Replay(string path, CancellationToken cancellation = default, ISignatureScheme? signatures = null, IVrf? vrf = null)
    {
        using var input = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 20, FileOptions.SequentialScan);
        Span<byte> length = stackalloc byte[4];
        if (input.ReadAtLeast(length, 4, throwOnEndOfStream: false) < 4 || BinaryPrimitives.ReadInt32BigEndian(length) is not (> 0 and <= GenesisMax) || input.Length < 4 + BinaryPrimitives.ReadInt32BigEndian(length))
        {
            return NotALedger(path);
        }

        var encoded = new byte[BinaryPrimitives.ReadInt32BigEndian(length)];
        input.ReadExactly(encoded);
        if (!GenesisCodec.TryDecode(encoded, out var genesis))
        {
            return NotALedger(path);
        }

        var chain = new ChainFollower(genesis!, signatures ?? new AccountSignatures(), vrf ?? new EcVrf());
        ulong transactions = 0;
        AuditResult Result(ChainFault? fault) => new(fault, chain.Number, transactions, chain.State.Height, chain.State.Root());
        try
        {
            while (Block.ReadFrom(input) is { } block)
            {
                cancellation.ThrowIfCancellationRequested();
                if (chain.Follow(block) is { } fault)
                {
                    return Result(fault);
                }

                transactions += block.Header.Count;
            }
        }
        catch (Exception exception) when (exception is InvalidDataException or EndOfStreamException)
        {
            return Result(new ChainFault(ChainFaultKind.UnreadableBlock, chain.Number + 1, exception.Message));
        }

        return Result(chain.State.IsConserved ? null : new ChainFault(ChainFaultKind.WrongEvents, chain.Number, "The books do not balance."));
    }

    private static AuditResult NotALedger(string path) => new(new ChainFault(ChainFaultKind.NotALedger, 0, $"'{path}' does not begin with a genesis."), 0, 0, 0, Digest.Zero);
}
