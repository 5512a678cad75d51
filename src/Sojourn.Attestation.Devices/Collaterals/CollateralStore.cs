using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Sojourn.Attestation.X509;

namespace Sojourn.Attestation.Devices.Collaterals;

/// <summary>One file of the store.</summary>
/// <param name="Path">Below the store's folder.</param>
/// <param name="What">What it is.</param>
/// <param name="ValidUntil">Until when it holds; null where it has no end.</param>
public sealed record CollateralItem(string Path, string What, DateTimeOffset? ValidUntil);

/// <summary>
/// Collateral on disk, a folder of files in the vendors' own formats: <c>certificates/</c>, <c>lists/</c>, <c>intel/</c> (each JSON with its chain beside it),
/// <c>roots/tpm/</c> (development and enrolment roots), <c>revoked-chips.txt</c> and <c>custody.json</c>. An offline bundle is a ZIP archive of the same.
/// </summary>
public sealed class CollateralStore
{
    private const long FileBytesMax = 16 * 1024 * 1024;
    private const int FilesMax = 4096;
    private readonly string folder;

    /// <summary>Opens a store; the folder need not exist.</summary>
    /// <param name="folder">Where it is.</param>
    public CollateralStore(string folder) => this.folder = folder;

    /// <summary>Where it is.</summary>
    public string Folder => folder;

    /// <summary>Reads everything.</summary>
    /// <exception cref="CollateralException">A file cannot be read as what it should be.</exception>
    public Collateral Load()
    {
        var collateral = Collateral.Empty;
        foreach (var (path, bytes) in Files())
        {
            try
            {
                collateral = Add(collateral, path, bytes);
            }
            catch (CollateralException e)
            {
                throw new CollateralException($"{Path.Combine(folder, path)}: {e.Message}");
            }
        }

        return collateral;
    }

    /// <summary>Lists everything with its end.</summary>
    public IReadOnlyList<CollateralItem> List()
    {
        var items = new List<CollateralItem>();
        foreach (var (path, bytes) in Files())
        {
            items.Add(Describe(path, bytes));
        }

        return items;
    }

    /// <summary>Takes a file in, whatever it is: certificates, a revocation list, Intel's JSON (with its chain), or a bundle.</summary>
    /// <param name="bytes">The file.</param>
    /// <param name="chain">The issuer chain that goes with Intel's JSON; empty where the store has it already.</param>
    /// <returns>The items that were written.</returns>
    /// <exception cref="CollateralException">It is none of these.</exception>
    public IReadOnlyList<CollateralItem> Import(ReadOnlyMemory<byte> bytes, ReadOnlyMemory<byte> chain = default)
    {
        if (bytes.Span.StartsWith("PK\u0003\u0004"u8))
        {
            return ImportBundle(bytes);
        }

        if (bytes.Span.TrimStart(" \t\r\n"u8).StartsWith("{"u8))
        {
            return [ImportJson(bytes, chain)];
        }

        if (RevocationList.TryParse(Unwrap(bytes, "X509 CRL")) is { } list)
        {
            return [Write($"lists/{Short(list.Issuer.Span)}.crl", Unwrap(bytes, "X509 CRL"))];
        }

        var certificates = Pem.TryCertificates(bytes) ?? throw new CollateralException("The file is neither certificates, nor a revocation list, nor Intel's JSON, nor a bundle.");
        return [.. certificates.Select(certificate => Write($"certificates/{certificate.Fingerprint[..16]}.der", certificate.Raw))];
    }

    /// <summary>Adds a root that TPM evidence may chain to.</summary>
    /// <param name="certificate">DER or PEM.</param>
    /// <param name="enrolment">Whether it is an enrolment authority's; else a development root.</param>
    public CollateralItem AddTpmRoot(ReadOnlyMemory<byte> certificate, bool enrolment)
    {
        var root = Pem.TryCertificates(certificate) is [var one, ..] ? one : throw new CollateralException("The root is not a certificate.");
        return Write($"roots/tpm/{(enrolment ? "enrolment" : "development")}-{root.Fingerprint[..16]}.der", root.Raw);
    }

    /// <summary>Writes everything as one bundle.</summary>
    /// <param name="stream">Where to.</param>
    public void Export(Stream stream)
    {
        using var archive = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true);
        foreach (var (path, bytes) in Files())
        {
            using var entry = archive.CreateEntry(path, CompressionLevel.Optimal).Open();
            entry.Write(bytes);
        }
    }

    internal CollateralItem Write(string path, ReadOnlyMemory<byte> bytes)
    {
        var full = Path.Combine(folder, path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        // Written beside and moved, so that a reader never sees half a file.
        var partial = $"{full}.{Guid.NewGuid():n}.partial";
        File.WriteAllBytes(partial, bytes.ToArray());
        File.Move(partial, full, overwrite: true);
        return Describe(path, bytes.ToArray());
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
            var info = new FileInfo(full);
            if (full.EndsWith(".partial", StringComparison.Ordinal) || info.Length > FileBytesMax || ++count > FilesMax)
            {
                continue;
            }

            yield return (Path.GetRelativePath(folder, full).Replace('\\', '/'), File.ReadAllBytes(full));
        }
    }

    private Collateral Add(Collateral collateral, string path, byte[] bytes) => path.Split('/') switch
    {
        ["certificates", ..] => collateral.AddCertificates(bytes),
        ["lists", ..] => collateral.AddRevocationList(bytes),
        ["roots", "tpm", var name] => collateral.WithRoots(
            collateral.Roots.WithRoot(bytes, AnchorUse.Tpm, name.StartsWith("enrolment-", StringComparison.Ordinal) ? AnchorClass.Enrolment : AnchorClass.Development)
            ?? throw new CollateralException("not one certificate")),
        ["intel", var name] when name.StartsWith("tcbinfo-", StringComparison.Ordinal) && name.EndsWith(".json", StringComparison.Ordinal) => collateral.AddTcbInfo(bytes, Chain(path)),
        ["intel", var name] when name.StartsWith("qeidentity-", StringComparison.Ordinal) && name.EndsWith(".json", StringComparison.Ordinal) => collateral.AddQeIdentity(bytes, Chain(path)),
        ["intel", var name] when name.EndsWith(".pem", StringComparison.Ordinal) => collateral.AddCertificates(bytes),
        ["revoked-chips.txt"] => collateral.RevokeChips(Encoding.UTF8.GetString(bytes).Split('\n').Select(line => line.Split('#')[0].Trim()).Where(line => line.Length > 0)
            .Select(line => ChipIdentity.TryParse(line, out var chip) ? chip : throw new CollateralException($"\"{line}\" is not a chip (scheme:value expected)"))),
        ["custody.json"] => ReadCustody(bytes).Aggregate(collateral, (all, statement) => all.AddCustody(statement)),
        _ => collateral,
    };

    private ReadOnlyMemory<byte> Chain(string path)
    {
        var beside = Path.Combine(folder, Path.ChangeExtension(path, ".chain.pem"));
        return File.Exists(beside) ? File.ReadAllBytes(beside) : ReadOnlyMemory<byte>.Empty;
    }

    private static IEnumerable<CustodyStatement> ReadCustody(byte[] bytes)
    {
        var read = new List<CustodyStatement>();
        try
        {
            using var document = JsonDocument.Parse(bytes, new JsonDocumentOptions { AllowDuplicateProperties = false });
            foreach (var item in document.RootElement.EnumerateArray())
            {
                if (!ChipIdentity.TryParse(item.GetProperty("chip").GetString(), out var chip) || !Enum.TryParse<CustodyClass>(item.GetProperty("custody").GetString(), out var custody))
                {
                    throw new CollateralException("a custody statement names no chip or no class");
                }

                read.Add(new CustodyStatement(chip, custody, item.GetProperty("endorser").GetString() ?? "", item.GetProperty("notAfter").GetDateTimeOffset()));
            }
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new CollateralException("custody.json is not a list of statements (chip, custody, endorser, notAfter)");
        }

        return read;
    }

    private CollateralItem ImportJson(ReadOnlyMemory<byte> bytes, ReadOnlyMemory<byte> chain)
    {
        var tcb = Dcap.SignedDocument.FromEnvelope(bytes, "tcbInfo"u8, chain);
        var qe = Dcap.SignedDocument.FromEnvelope(bytes, "enclaveIdentity"u8, chain);
        var name = tcb.TcbInfo is { } info ? $"intel/tcbinfo-{info.Id.ToLowerInvariant()}-{Convert.ToHexStringLower(info.Fmspc.Span)}"
            : qe.QeIdentity is { } identity ? $"intel/qeidentity-{identity.Id.ToLowerInvariant()}"
            : throw new CollateralException("The JSON is neither Intel's TCB info nor an enclave identity.");
        if (name.Any(c => c is not (>= 'a' and <= 'z' or >= '0' and <= '9' or '-' or '_' or '/')))
        {
            throw new CollateralException("The JSON names its subject in characters that are not expected.");
        }

        if (chain.Length > 0)
        {
            Write($"{name}.chain.pem", chain);
        }

        return Write($"{name}.json", bytes);
    }

    private List<CollateralItem> ImportBundle(ReadOnlyMemory<byte> bytes)
    {
        var written = new List<CollateralItem>();
        try
        {
            using var archive = new ZipArchive(new MemoryStream(bytes.ToArray()), ZipArchiveMode.Read);
            foreach (var entry in archive.Entries.Where(entry => entry.Name.Length > 0).Take(FilesMax))
            {
                var path = entry.FullName;
                if (path.Split('/') is not (["certificates" or "lists" or "intel", _] or ["roots", "tpm", _] or ["revoked-chips.txt" or "custody.json"]) || path.Contains("..", StringComparison.Ordinal) || path.Contains('\\'))
                {
                    throw new CollateralException($"The bundle holds \"{path}\", which has no place in a store.");
                }

                using var stream = entry.Open();
                var content = new MemoryStream();
                var buffer = new byte[81920];
                for (int got; (got = stream.Read(buffer)) > 0;)
                {
                    if (content.Length + got > FileBytesMax)
                    {
                        throw new CollateralException($"The bundle's \"{path}\" is larger than {FileBytesMax} bytes.");
                    }

                    content.Write(buffer, 0, got);
                }

                // What cannot be read must not come in: a store that does not load verifies nothing.
                Add(Collateral.Empty, path, content.ToArray());
                written.Add(Write(path, content.ToArray()));
            }
        }
        catch (InvalidDataException)
        {
            throw new CollateralException("The bundle is a damaged ZIP archive.");
        }

        return written;
    }

    private CollateralItem Describe(string path, byte[] bytes) => path.Split('/') switch
    {
        ["certificates", ..] or ["roots", ..] => Pem.TryCertificates(bytes) is [var first, ..] ? new(path, $"certificate of {first.SubjectWords}", first.NotAfter) : new(path, "unreadable", null),
        ["lists", ..] => RevocationList.TryParse(bytes) is { } list ? new(path, $"revocation list of {DistinguishedName.Words(list.Issuer)}, {list.Count} entries", list.NextUpdate) : new(path, "unreadable", null),
        ["intel", var name] when name.EndsWith(".json", StringComparison.Ordinal) => DescribeJson(path, bytes),
        ["intel", ..] => new(path, "issuer chain", null),
        ["revoked-chips.txt"] => new(path, "revoked chips", null),
        ["custody.json"] => new(path, "custody statements", null),
        _ => new(path, "not used", null),
    };

    private static CollateralItem DescribeJson(string path, byte[] bytes)
    {
        if (Dcap.SignedDocument.FromEnvelope(bytes, "tcbInfo"u8, default).TcbInfo is { } info)
        {
            return new(path, $"TCB info of {info.Id} {Convert.ToHexStringLower(info.Fmspc.Span)}, evaluation {info.EvaluationDataNumber.ToString(CultureInfo.InvariantCulture)}", info.NextUpdate);
        }

        return Dcap.SignedDocument.FromEnvelope(bytes, "enclaveIdentity"u8, default).QeIdentity is { } identity
            ? new(path, $"identity of {identity.Id}, evaluation {identity.EvaluationDataNumber.ToString(CultureInfo.InvariantCulture)}", identity.NextUpdate) : new(path, "unreadable", null);
    }

    private static string Short(ReadOnlySpan<byte> name) => Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(name))[..16];

    private static ReadOnlyMemory<byte> Unwrap(ReadOnlyMemory<byte> bytes, string label)
    {
        var text = Encoding.Latin1.GetString(bytes.Span);
        return System.Security.Cryptography.PemEncoding.TryFind(text, out var fields) && text[fields.Label] == label ? Convert.FromBase64String(text[fields.Base64Data]) : bytes;
    }
}
