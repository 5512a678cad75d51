namespace Sojourn.Wasm.Wasi;

/// <summary>Names in the order of their bytes.</summary>
internal sealed class EntryOrder : IComparer<DirectoryEntry>
{
    public static EntryOrder Instance { get; } = new();

    public int Compare(DirectoryEntry x, DirectoryEntry y) => x.Name.AsSpan().SequenceCompareTo(y.Name);
}
