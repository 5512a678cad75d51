using System.Text;
using Sojourn.Primitives;

namespace Sojourn.Node.Enclaves;

/// <summary>The folder of files that make up the enclave, and their measurement.</summary>
/// <param name="Folder">The published, self-contained build.</param>
/// <param name="Measurement">SHA-256 over the manifest: for each file, by ordinal order of its relative path, <c>sha256-hex two-spaces path newline</c>.</param>
public sealed record EnclaveImage(string Folder, Digest Measurement)
{
    /// <summary>The executable's name inside the folder.</summary>
    public const string Executable = "sojourn-enclave";

    /// <summary>Measures a folder.</summary>
    /// <param name="folder">The published build.</param>
    /// <returns>The image.</returns>
    /// <exception cref="DirectoryNotFoundException">There is no enclave in that folder.</exception>
    public static EnclaveImage Measure(string folder)
    {
        if (!File.Exists(Path.Combine(folder, Executable)))
        {
            throw new DirectoryNotFoundException($"No enclave was found in {folder} (expected the file {Executable}).");
        }

        var manifest = new StringBuilder();
        var files = Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .Select(file => (Path: Path.GetRelativePath(folder, file).Replace('\\', '/'), File: file))
            .Where(file => !file.Path.StartsWith('.'))
            .OrderBy(file => file.Path, StringComparer.Ordinal);
        foreach (var (path, file) in files)
        {
            using var stream = File.OpenRead(file);
            manifest.Append(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(stream))).Append("  ").Append(path).Append('\n');
        }

        return new EnclaveImage(folder, Digest.Of(Encoding.UTF8.GetBytes(manifest.ToString())));
    }
}
