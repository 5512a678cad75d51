using Sojourn.Primitives;

namespace Sojourn.Protocol.DropBox;

/// <summary>
/// Port: where a job's parties leave small objects for one another (evidence, wrapped keys, sealed outputs' manifests), so that nobody
/// needs an inbound port and wrapped keys stay out of public storage. What is in it proves nothing by itself: every object is named by
/// its digest on the ledger, or checked by whoever takes it.
/// </summary>
public interface IDropBox
{
    /// <summary>Leaves an object. Leaving the same bytes again is no error; bytes whose digest the name does not end with (<see cref="DropNames"/>) are refused.</summary>
    /// <param name="job">The job.</param>
    /// <param name="name">The object's name: letters, digits, dot and hyphen, at most 96.</param>
    /// <param name="content">At most <see cref="DropBoxLimits.ObjectBytesMax"/> bytes.</param>
    /// <param name="cancel">Stops waiting.</param>
    ValueTask PutAsync(Digest job, string name, ReadOnlyMemory<byte> content, CancellationToken cancel);

    /// <summary>Takes an object, without removing it.</summary>
    /// <param name="job">The job.</param>
    /// <param name="name">The object's name.</param>
    /// <param name="cancel">Stops waiting.</param>
    /// <returns>The bytes, untrusted; null where there is none (yet).</returns>
    ValueTask<ReadOnlyMemory<byte>?> GetAsync(Digest job, string name, CancellationToken cancel);
}
