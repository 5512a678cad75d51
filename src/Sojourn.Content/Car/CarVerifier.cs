using Sojourn.Content.Import;
using Sojourn.Primitives;

namespace Sojourn.Content.Car;

/// <summary>What a CAR held.</summary>
/// <param name="Blocks">How many sections.</param>
/// <param name="Bytes">How many bytes of blocks.</param>
public sealed record CarSummary(long Blocks, long Bytes);

/// <summary>Verifies every block of a CAR on all cores and hands them on.</summary>
public static class CarVerifier
{
    private const int BatchBytes = 1 << 20;

    /// <summary>Verifies the rest of a CAR.</summary>
    /// <param name="reader">An open CAR.</param>
    /// <param name="sink">Where verified blocks go, or null to verify alone. Blocks of identity CIDs are not handed on.</param>
    /// <param name="degree">How many batches are in work at once; 0 for the number of cores.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ContentException">A section is malformed, or a block is not what it is named; the sink may have got some of the others.</exception>
    public static async ValueTask<CarSummary> VerifyAsync(CarReader reader, IBlockSink? sink = null, int degree = 0, CancellationToken cancellationToken = default)
    {
        var pipeline = new OrderedPipeline<Batch, Batch>(batch => VerifyBatchAsync(batch, sink, cancellationToken), degree);
        long blocks = 0, bytes = 0;
        var spare = new Stack<Batch>();
        var batch = new Batch();

        async ValueTask CompleteAsync(Batch done)
        {
            if (sink is { IsSequential: true })
            {
                await PutAsync(done, sink, cancellationToken).ConfigureAwait(false);
            }

            done.Clear();
            spare.Push(done);
        }

        try
        {
            while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false) is { } section)
            {
                blocks++;
                bytes += section.Data.Length;
                if (!batch.TryAdd(section))
                {
                    await pipeline.AddAsync(batch, CompleteAsync).ConfigureAwait(false);
                    batch = spare.Count > 0 ? spare.Pop() : new Batch();
                    batch.TryAdd(section);
                }
            }

            await pipeline.AddAsync(batch, CompleteAsync).ConfigureAwait(false);
        }
        finally
        {
            await pipeline.FinishAsync(CompleteAsync).ConfigureAwait(false);
        }

        return new CarSummary(blocks, bytes);
    }

    private static async ValueTask<Batch> VerifyBatchAsync(Batch batch, IBlockSink? sink, CancellationToken cancellationToken)
    {
        foreach (var (cid, range) in batch.Sections)
        {
            var fault = BlockVerifier.Verify(cid, batch.Bytes.AsSpan(range));
            if (fault != BlockFault.None)
            {
                throw ContentException.Refused(cid, fault);
            }
        }

        if (sink is { IsSequential: false })
        {
            await PutAsync(batch, sink, cancellationToken).ConfigureAwait(false);
        }

        return batch;
    }

    private static async ValueTask PutAsync(Batch batch, IBlockSink sink, CancellationToken cancellationToken)
    {
        foreach (var (cid, range) in batch.Sections)
        {
            if (cid.HashFunction != MultihashCode.Identity)
            {
                await sink.PutAsync(new Block(cid, batch.Bytes.AsMemory(range)), cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private sealed class Batch
    {
        private int _used;

        public byte[] Bytes { get; private set; } = GC.AllocateUninitializedArray<byte>(BatchBytes);

        public List<(Cid Cid, Range Range)> Sections { get; } = [];

        public bool TryAdd(in CarSection section)
        {
            if (section.Data.Length > Bytes.Length - _used)
            {
                if (_used > 0)
                {
                    return false;
                }

                Bytes = GC.AllocateUninitializedArray<byte>(section.Data.Length);
            }

            section.Data.CopyTo(Bytes.AsMemory(_used));
            Sections.Add((section.Cid, _used..(_used + section.Data.Length)));
            _used += section.Data.Length;
            return true;
        }

        public void Clear()
        {
            Sections.Clear();
            _used = 0;
        }
    }
}
