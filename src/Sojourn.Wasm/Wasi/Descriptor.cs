namespace Sojourn.Wasm.Wasi;

/// <summary>An entry of the descriptor table: a handle with the guest's rights, flags and position.</summary>
internal sealed class Descriptor(WasiHandle handle, Rights rights, Rights inheriting) : IDisposable
{
    public WasiHandle Handle { get; } = handle;

    public Rights Rights { get; set; } = rights;

    public Rights Inheriting { get; set; } = inheriting;

    public FdFlags Flags { get; set; }

    public ulong Position { get; set; }

    /// <summary>The name under which the directory was handed to the guest, in UTF-8.</summary>
    public byte[]? PreopenName { get; init; }

    /// <summary>Whether nothing below this directory may change.</summary>
    public bool IsReadOnly { get; init; }

    /// <summary>The listing that <c>fd_readdir</c> cookies count in; taken anew at cookie 0.</summary>
    public DirectoryEntry[]? Listing { get; set; }

    public void Dispose() => Handle.Dispose();
}
