using System.IO.Compression;
using Sojourn.Attestation.X509;

namespace Sojourn.Attestation.Devices.Collaterals;

/// <summary>
/// Collateral on disk, a folder of files in the vendors' own formats: <c>certificates/</c>, <c>lists/</c>, <c>intel/</c> (each JSON with its chain beside it),
/// <c>roots/tpm/</c> (development and enrolment roots), <c>revoked-chips.txt</c> and <c>custody.json</c>. An offline bundle is a ZIP archive of the same.
/// </summary>
public sealed class CollateralStore
{
    internal const long FileBytesMax = 16 * 1024 * 1024;
    internal const int FilesMax = 4096;
    private static readonly TimeSpan LockPatience = TimeSpan.FromSeconds(30);
    private readonly string folder;
    private readonly TimeProvider clock;

    /// <summary>Opens a store; the folder need not exist.</summary>
    /// <param name="folder">Where it is.</param>
    /// <param name="clock">Tells what is from the future; the system's by default.</param>
    public CollateralStore(string folder, TimeProvider? clock = null)
    {
        this.folder = folder;
        this.clock = clock ?? TimeProvider.System;
    }

    /// <summary>Where it is.</summary>
    public string Folder => folder;

    /// <summary>Reads everything.</summary>
    /// <exception cref="CollateralException">A file cannot be read as what it should be, or there is more than can be read: nothing is left out in silence.</exception>
    public Collateral Load()
    {
        var collateral = Collateral.Empty;
        foreach (var (path, bytes) in Files())
        {
            try
            {
                collateral = CollateralFiles.Add(collateral, path, bytes, Chain(path));
            }
            catch (CollateralException e)
            {
                throw new CollateralException($"{Path.Combine(folder, path)}: {e.Message}");
            }
        }

        return collateral;
    }

    /// <summary>Lists everything with its end.</summary>
    public IReadOnlyList<CollateralItem> List() => [.. Files().Select(file => CollateralFiles.Describe(file.Path, file.Bytes))];

    /// <summary>Takes one file in, whatever it is: certificates, a revocation list, Intel's JSON (with its chain), or a bundle.</summary>
    /// <param name="bytes">The file.</param>
    /// <param name="chain">The issuer chain that goes with Intel's JSON; empty where the store has it already.</param>
    /// <returns>Every item, and what became of it.</returns>
    /// <exception cref="CollateralConsentException">It would make the verifier believe more than vendors sign.</exception>
    /// <exception cref="CollateralException">It is none of these, or nobody at hand vouches for it.</exception>
    public IReadOnlyList<CollateralItem> Import(ReadOnlyMemory<byte> bytes, ReadOnlyMemory<byte> chain = default) => Import([new CollateralInput("the file", bytes) { Chain = chain }], CollateralConsent.None);

    /// <summary>Takes files in together: all of them, or none.</summary>
    /// <param name="inputs">The files.</param>
    /// <param name="consent">What may come in beyond what vendors sign.</param>
    /// <returns>Every item, and what became of it.</returns>
    /// <exception cref="CollateralConsentException">They would make the verifier believe more than vendors sign, and consent is not given.</exception>
    /// <exception cref="CollateralException">One is nothing that belongs here, or nobody at hand vouches for it.</exception>
    public IReadOnlyList<CollateralItem> Import(IReadOnlyList<CollateralInput> inputs, CollateralConsent consent)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(consent);
        using var held = Lock();
        var plan = new CollateralImport([.. Files()], consent, clock.GetUtcNow());
        foreach (var input in inputs)
        {
            plan.Read(input);
        }

        var items = plan.Decide();
        foreach (var (path, bytes) in plan.Writes)
        {
            Write(path, bytes);
        }

        return items;
    }

    /// <summary>Adds a root that TPM evidence may chain to. Calling this is the consent.</summary>
    /// <param name="certificate">DER or PEM.</param>
    /// <param name="enrolment">Whether it is an enrolment authority's; else a development root.</param>
    public CollateralItem AddTpmRoot(ReadOnlyMemory<byte> certificate, bool enrolment)
    {
        var root = Pem.TryCertificates(certificate) is [var one, ..] ? one : throw new CollateralException("The root is not a certificate.");
        if (!root.IsAuthority || (root.SelfIssued && !root.SignedBy(root.Key)))
        {
            throw new CollateralException($"\"{root.SubjectWords}\" cannot be a root: {(root.IsAuthority ? "its own key did not sign it" : "it is not a certificate authority's")}.");
        }

        using var held = Lock();
        var path = CollateralFiles.RootPath(root, enrolment);
        var known = File.Exists(Path.Combine(folder, path));
        Write(path, root.Raw);
        return CollateralFiles.Describe(path, root.Raw.ToArray()) with { Change = known ? CollateralChange.Present : CollateralChange.Added };
    }

    /// <summary>Adds chips that are no longer believed.</summary>
    /// <param name="chips">Their names.</param>
    public CollateralItem Revoke(IEnumerable<ChipIdentity> chips)
    {
        using var held = Lock();
        var plan = new CollateralImport([.. Files()], CollateralConsent.None, clock.GetUtcNow());
        plan.Revoke(chips);
        var item = plan.Decide()[0];
        foreach (var (path, bytes) in plan.Writes)
        {
            Write(path, bytes);
        }

        return item;
    }

    /// <summary>Writes everything as one bundle; files that have no place in a store stay out of it.</summary>
    /// <param name="stream">Where to.</param>
    public void Export(Stream stream)
    {
        using var archive = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true);
        foreach (var (path, bytes) in Files().Where(file => CollateralFiles.Belongs(file.Path)))
        {
            using var entry = archive.CreateEntry(path, CompressionLevel.Optimal).Open();
            entry.Write(bytes);
        }
    }

    private void Write(string path, ReadOnlyMemory<byte> bytes)
    {
        var full = Path.Combine(folder, path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        // Written beside and moved, so that a reader never sees half a file.
        var partial = $"{full}.{Guid.NewGuid():n}.partial";
        File.WriteAllBytes(partial, bytes.Span);
        File.Move(partial, full, overwrite: true);
    }

    /// <summary>One import at a time: two that merge at once would lose what one of them merged.</summary>
    private FileStream Lock()
    {
        Directory.CreateDirectory(folder);
        var until = clock.GetTimestamp();
        while (true)
        {
            try
            {
                return new FileStream(Path.Combine(folder, ".lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (clock.GetElapsedTime(until) < LockPatience && Directory.Exists(folder))
            {
                Thread.Sleep(20);
            }
        }
    }

    private IEnumerable<(string Path, byte[] Bytes)> Files()
    {
        if (!Directory.Exists(folder))
        {
            yield break;
        }

        var count = 0;
        foreach (var full in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            var path = Path.GetRelativePath(folder, full).Replace('\\', '/');
            if (full.EndsWith(".partial", StringComparison.Ordinal) || path == ".lock")
            {
                continue;
            }

            // A file that is left out could be the one that revokes something.
            if (new FileInfo(full).Length > FileBytesMax || ++count > FilesMax)
            {
                throw new CollateralException(count > FilesMax ? $"{folder} holds more than {FilesMax} files." : $"{full} is larger than {FileBytesMax} bytes.");
            }

            yield return (path, File.ReadAllBytes(full));
        }
    }

    private ReadOnlyMemory<byte> Chain(string path)
    {
        var beside = Path.Combine(folder, Path.ChangeExtension(path, ".chain.pem"));
        return path.StartsWith("intel/", StringComparison.Ordinal) && path.EndsWith(".json", StringComparison.Ordinal) && File.Exists(beside) ? File.ReadAllBytes(beside) : ReadOnlyMemory<byte>.Empty;
    }
}
