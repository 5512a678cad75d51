using Sojourn.Primitives;
using Sojourn.Protocol.DropBox;

namespace Sojourn.Hosting.DropBox;

/// <summary>Several drop boxes as one: left at all, taken from the first that has it whole. One that is down or lies costs nothing while another is honest.</summary>
/// <param name="boxes">The boxes, the nearest first.</param>
public sealed class ManyDropBoxes(IReadOnlyList<IDropBox> boxes) : IDropBox
{
    /// <inheritdoc/>
    public async ValueTask PutAsync(Digest job, string name, ReadOnlyMemory<byte> content, CancellationToken cancel)
    {
        Exception? failure = null;
        var taken = false;
        foreach (var box in boxes)
        {
            try
            {
                await box.PutAsync(job, name, content, cancel).ConfigureAwait(false);
                taken = true;
            }
            catch (Exception e) when (IsAway(e, cancel))
            {
                failure ??= e;
            }
        }

        if (!taken)
        {
            throw failure ?? new DropBoxException(DropBoxFault.Unreachable, "no drop box is configured");
        }
    }

    /// <inheritdoc/>
    public async ValueTask<ReadOnlyMemory<byte>?> GetAsync(Digest job, string name, CancellationToken cancel)
    {
        Exception? failure = null;
        foreach (var box in boxes)
        {
            try
            {
                if (await box.GetAsync(job, name, cancel).ConfigureAwait(false) is { } content)
                {
                    return content;
                }
            }
            catch (Exception e) when (IsAway(e, cancel))
            {
                failure ??= e;
            }
        }

        return failure is null ? null : throw failure;
    }

    private static bool IsAway(Exception e, CancellationToken cancel) => e is IOException or HttpRequestException || (e is TaskCanceledException && !cancel.IsCancellationRequested);
}
