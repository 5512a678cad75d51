using Sojourn.Wasm.Wasi;

namespace Sojourn.Enclave.Running;

/// <summary>One input as a guest sees it: a file, or files of a folder. Bytes are fetched and opened when they are read.</summary>
/// <param name="Name">Its name under <c>/in</c>.</param>
/// <param name="Files">Relative paths and contents; a single file has the empty path.</param>
internal sealed record GuestInput(string Name, IReadOnlyList<(string Path, FileContent Content)> Files)
{
    /// <summary>Puts the input into a guest's file system.</summary>
    /// <param name="files">The file system.</param>
    /// <param name="at">Where.</param>
    public void AttachTo(InMemoryFileSystem files, string at)
    {
        if (Files is not [("", _)])
        {
            files.CreateDirectory(at);
        }

        foreach (var (path, content) in Files)
        {
            files.AttachFile(path.Length == 0 ? at : $"{at}/{path}", content);
        }
    }
}
