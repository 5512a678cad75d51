namespace Sojourn.Node.Journal;

/// <summary>Small files that are there whole or not at all, whatever ends the process or the power.</summary>
internal static class DurableFile
{
    /// <summary>Writes a file durably, in place of any that is there.</summary>
    /// <param name="path">Where; the folder is made.</param>
    /// <param name="bytes">The content.</param>
    public static void Write(string path, ReadOnlySpan<byte> bytes)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var temporary = path + ".new";
        using (var stream = new FileStream(temporary, FileMode.Create, FileAccess.Write))
        {
            stream.Write(bytes);
            stream.Flush(flushToDisk: true);
        }

        File.Move(temporary, path, overwrite: true);
    }
}
