using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using Sojourn.Primitives;

namespace Sojourn.Node.Enclaves;

/// <summary>
/// Every file that an enclave can load, and their measurement. A published image is one tree: the runtime, the enclave, and below <c>system/</c> the program interpreter and
/// the system libraries at the paths where they will be mounted; then nothing of the host's own files is ever loaded. A build without that folder uses the host's
/// libraries, and the measurement covers those instead.
/// </summary>
public sealed record EnclaveImage
{
    /// <summary>The executable's name inside the folder.</summary>
    public const string Executable = "sojourn-enclave";

    /// <summary>The folder of system files inside the image.</summary>
    public const string SystemFolder = "system";

    private EnclaveImage(string folder, ImmutableArray<EnclaveFile> files)
    {
        Folder = folder;
        Files = files;
        Measurement = MeasurementOf(files);
    }

    /// <summary>The published, self-contained build.</summary>
    public string Folder { get; }

    /// <summary>What can be loaded, by ordinal order of path.</summary>
    public ImmutableArray<EnclaveFile> Files { get; }

    /// <summary>SHA-256 over the manifest: for each file, by ordinal order of its path, <c>sha256-hex two-spaces path newline</c>.</summary>
    public Digest Measurement { get; }

    /// <summary>Whether the image brings the system's libraries, so that none of the host's is used.</summary>
    public bool IsWhole => Directory.Exists(Path.Combine(Folder, SystemFolder));

    /// <summary>The manifest's digest.</summary>
    /// <param name="files">The files, in any order.</param>
    public static Digest MeasurementOf(IEnumerable<EnclaveFile> files)
    {
        var manifest = new StringBuilder();
        foreach (var file in files.OrderBy(file => file.Path, StringComparer.Ordinal))
        {
            manifest.Append(file.Sha256).Append("  ").Append(file.Path).Append('\n');
        }

        return Digest.Of(Encoding.UTF8.GetBytes(manifest.ToString()));
    }

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

        var files = Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .Select(file => (Path: Path.GetRelativePath(folder, file).Replace('\\', '/'), File: file));
        if (!Directory.Exists(Path.Combine(folder, SystemFolder)))
        {
            files = files.Concat(SystemLibraries.Find().Select(path => (Path: "host:" + path, File: path)));
        }

        // Hashing is what takes the time, and it is independent.
        var measured = files.AsParallel().Select(file => new EnclaveFile(file.Path, DigestOf(file.File))).ToList();
        return new EnclaveImage(folder, [.. measured.OrderBy(file => file.Path, StringComparer.Ordinal)]);
    }

    private static Digest DigestOf(string file)
    {
        using var stream = File.OpenRead(file);
        return new Digest(SHA256.HashData(stream));
    }
}
