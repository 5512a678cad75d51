namespace Sojourn.Content.Directories;

/// <summary>Which names can safely become files of a folder.</summary>
public static class EntryName
{
    /// <summary>Whether a name stays inside its folder: not empty, <c>.</c> or <c>..</c>, without slash, backslash on Windows, and zero byte.</summary>
    /// <param name="name">A name out of a directory block.</param>
    public static bool IsSafe(string name) =>
        name is not ("" or "." or "..") && name.AsSpan().IndexOfAny('/', '\0') < 0
        && !(OperatingSystem.IsWindows() && name.AsSpan().IndexOfAny('\\', ':') >= 0);
}
