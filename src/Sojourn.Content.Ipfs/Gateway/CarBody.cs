using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;
using Sojourn.Content.Car;
using Sojourn.Primitives;

namespace Sojourn.Content.Ipfs.Gateway;

/// <summary>
/// The body of a CAR answer, and the source of the walk that fills it: leaves are read from the store to where the connection sends them
/// from, and verified there before they are handed over, so that no byte is copied on its way.
/// </summary>
internal sealed class CarBody : IBlockSource
{
    private readonly HttpResponse response;
    private readonly PipeWriter pipe;
    private readonly IBlockSource source;
    private readonly CarWriter writer;
    private Memory<byte> placed;

    private CarBody(HttpResponse response, IBlockSource source, CarWriter writer)
    {
        this.response = response;
        pipe = response.BodyWriter;
        this.source = source;
        this.writer = writer;
    }

    /// <summary>Writes the header.</summary>
    public static async ValueTask<CarBody> StartAsync(HttpResponse response, IBlockSource source, Cid root, CancellationToken stop)
        => new(response, source, await CarWriter.CreateAsync(response.BodyWriter.AsStream(), [root], null, stop).ConfigureAwait(false));

    /// <inheritdoc/>
    /// <remarks>A leaf's bytes are there until the next call: the walk sends each leaf before it asks for another block, and looks at its length alone afterwards.</remarks>
    public async ValueTask<Block?> GetAsync(Cid cid, CancellationToken cancellationToken = default)
    {
        placed = default;

        // Until the answer has begun, a missing block can still be told by its status. By then the path is resolved as well, so that one block is sent at a time.
        if (!response.HasStarted || cid.Codec != Multicodec.Raw || source is not IPlacingSource store)
        {
            return await source.GetAsync(cid, cancellationToken).ConfigureAwait(false);
        }

        await writer.FlushAsync(cancellationToken).ConfigureAwait(false);
        return store.Get(cid, length =>
        {
            var head = CarWriter.SectionHeadBytes(cid, length);
            placed = pipe.GetMemory(head + length)[..(head + length)];
            return placed[head..];
        });
    }

    /// <summary>Sends the block that the walk has given.</summary>
    public async ValueTask SendAsync(Block block, CancellationToken stop)
    {
        if (!block.Data.Span.Overlaps(placed.Span))
        {
            await writer.PutAsync(block, stop).ConfigureAwait(false);
            return;
        }

        CarWriter.WriteSectionHead(block.Cid, block.Data.Length, placed.Span);
        pipe.Advance(placed.Length);
        placed = default;
        await pipe.FlushAsync(stop).ConfigureAwait(false);
    }

    /// <summary>Sends what is still buffered.</summary>
    public ValueTask FinishAsync(CancellationToken stop) => writer.FinishAsync(stop);
}
