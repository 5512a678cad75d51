using Sojourn.Primitives;
using Sojourn.Protocol.DropBox;

namespace Sojourn.Hosting.DropBox;

/// <summary>A drop box as the gateway that keeps it sees it. It drops nothing by itself: where there is no room, it answers <see cref="DropBoxFault.Full"/>.</summary>
public interface IDropBoxStore : IDropBox
{
    /// <summary>The jobs that have a box, the oldest box first.</summary>
    IReadOnlyList<Digest> Jobs();

    /// <summary>Drops a job's box.</summary>
    /// <param name="job">The job; one without a box is no error.</param>
    void Remove(Digest job);
}
