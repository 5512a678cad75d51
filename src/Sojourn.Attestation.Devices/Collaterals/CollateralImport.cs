using System.Globalization;
using System.IO.Compression;
using System.Text;
using Sojourn.Attestation.Dcap;
using Sojourn.Attestation.X509;

namespace Sojourn.Attestation.Devices.Collaterals;

/// <summary>
/// Decides what an import does before anything is written. Whoever hands a bundle over is not trusted: certificates are mere candidates; lists and documents come in only under a
/// vendor's signature and never in place of newer ones; revocations only grow; roots and custody need the owner's consent.
/// </summary>
internal sealed class CollateralImport
{
    private const long BundleBytesMax = 256 * 1024 * 1024;
    private static readonly TimeSpan FutureMax = TimeSpan.FromDays(1);
    private readonly IReadOnlyList<(string Path, byte[] Bytes)> held;
    private readonly CollateralConsent consent;
    private readonly DateTimeOffset now;
    private readonly List<Certificate> certificates = [];
    private readonly List<(string Name, RevocationList List)> lists = [];
    private readonly List<(string Name, ReadOnlyMemory<byte> Json, ReadOnlyMemory<byte> Chain)> documents = [];
    private readonly List<(Certificate Root, bool Enrolment)> roots = [];
    private readonly List<ChipIdentity> chips = [];
    private readonly List<CustodyStatement> custody = [];
    private readonly Dictionary<string, ReadOnlyMemory<byte>> writes = new(StringComparer.Ordinal);

    public CollateralImport(IReadOnlyList<(string Path, byte[] Bytes)> held, CollateralConsent consent, DateTimeOffset now)
    {
        this.held = held;
        this.consent = consent;
        this.now = now;
    }

    /// <summary>What is to be written, once everything was decided.</summary>
    public IReadOnlyDictionary<string, ReadOnlyMemory<byte>> Writes => writes;

    public void Read(CollateralInput input)
    {
        var bytes = input.Bytes;
        if (bytes.Span.StartsWith("PK\u0003\u0004"u8))
        {
            Demand(input, CollateralKind.Any);
            ReadBundle(bytes);
        }
        else if (bytes.Span.TrimStart(" \t\r\n"u8).StartsWith("{"u8))
        {
            Demand(input, CollateralKind.Document);
            documents.Add((input.Name, bytes, input.Chain));
        }
        else if (RevocationList.TryParse(CollateralFiles.Unwrap(bytes)) is { } list)
        {
            Demand(input, CollateralKind.List);
            lists.Add((input.Name, list));
        }
        else
        {
            Demand(input, CollateralKind.Certificates);
            certificates.AddRange(Pem.TryCertificates(bytes) ?? throw new CollateralException($"{input.Name} is neither certificates, nor a revocation list, nor Intel's JSON, nor a bundle."));
        }
    }

    public void Revoke(IEnumerable<ChipIdentity> more) => chips.AddRange(more);

    public IReadOnlyList<CollateralItem> Decide()
    {
        AskConsent();
        var items = new List<CollateralItem>();
        var trust = HeldRoots();
        foreach (var (root, enrolment) in roots)
        {
            trust = trust.WithRoot(root.Raw, AnchorUse.Tpm, enrolment ? AnchorClass.Enrolment : AnchorClass.Development)
                ?? throw new CollateralException($"The root \"{root.SubjectWords}\" is not signed by its own key.");
            items.Add(Put(CollateralFiles.RootPath(root, enrolment), root.Raw));
        }

        foreach (var certificate in certificates)
        {
            items.Add(Put(CollateralFiles.CertificatePath(certificate), certificate.Raw));
        }

        List<Certificate> pool = [.. certificates, .. HeldCertificates(), .. documents.SelectMany(d => Pem.TryCertificates(d.Chain) ?? []), .. roots.Select(r => r.Root)];
        foreach (var (name, list) in lists)
        {
            items.Add(Take(name, list, pool, trust));
        }

        foreach (var (name, json, chain) in documents)
        {
            items.AddRange(Take(name, json, chain, pool, trust));
        }

        if (chips.Count > 0)
        {
            items.Add(MergeChips());
        }

        if (custody.Count > 0)
        {
            items.Add(MergeCustody());
        }

        // A store that holds more than can be read would verify nothing any more.
        if (held.Select(file => file.Path).Union(writes.Keys, StringComparer.Ordinal).Count() > CollateralStore.FilesMax / 2)
        {
            throw new CollateralException($"The store would hold more than {CollateralStore.FilesMax / 2} files. Remove what is not needed from it, or import less.");
        }

        return items;
    }

    private static void Demand(CollateralInput input, CollateralKind kind)
    {
        if (input.Kind != CollateralKind.Any && input.Kind != kind)
        {
            throw new CollateralException($"{input.Name} is not what was asked for ({input.Kind.ToString().ToLowerInvariant()} expected).");
        }
    }

    private void ReadBundle(ReadOnlyMemory<byte> bytes)
    {
        var entries = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        try
        {
            using var archive = new ZipArchive(new MemoryStream(bytes.ToArray()), ZipArchiveMode.Read);
            var total = 0L;
            foreach (var entry in archive.Entries.Where(entry => entry.Name.Length > 0))
            {
                var content = Unpack(entry, ref total);
                if (entries.Count >= CollateralStore.FilesMax || !entries.TryAdd(entry.FullName, content))
                {
                    throw new CollateralException($"The bundle holds more than {CollateralStore.FilesMax} files, or \"{entry.FullName}\" twice.");
                }
            }
        }
        catch (InvalidDataException)
        {
            throw new CollateralException("The bundle is a damaged ZIP archive.");
        }

        foreach (var (path, content) in entries.OrderBy(entry => entry.Key, StringComparer.Ordinal))
        {
            Sort(path, content, entries);
        }
    }

    private static byte[] Unpack(ZipArchiveEntry entry, ref long total)
    {
        var path = entry.FullName;
        if (!CollateralFiles.Belongs(path))
        {
            throw new CollateralException($"The bundle holds \"{path}\", which has no place in a store.");
        }

        using var stream = entry.Open();
        var content = new MemoryStream();
        var buffer = new byte[81920];
        for (int got; (got = stream.Read(buffer)) > 0;)
        {
            total += got;
            if (content.Length + got > CollateralStore.FileBytesMax || total > BundleBytesMax)
            {
                throw new CollateralException(total > BundleBytesMax ? $"The bundle unpacks to more than {BundleBytesMax} bytes." : $"The bundle's \"{path}\" is larger than {CollateralStore.FileBytesMax} bytes.");
            }

            content.Write(buffer, 0, got);
        }

        return content.ToArray();
    }

    /// <summary>What an entry is follows from its place; what it is called, and where it is put, does not.</summary>
    private void Sort(string path, byte[] content, Dictionary<string, byte[]> entries)
    {
        switch (path.Split('/'))
        {
            case ["certificates", _]:
                certificates.AddRange(Pem.TryCertificates(content) ?? throw new CollateralException($"The bundle's \"{path}\" is no certificate."));
                break;
            case ["lists", _]:
                lists.Add((path, RevocationList.TryParse(CollateralFiles.Unwrap(content)) ?? throw new CollateralException($"The bundle's \"{path}\" is no revocation list.")));
                break;
            case ["roots", _, var name]:
                roots.Add((Pem.TryCertificates(content) is [var root] ? root : throw new CollateralException($"The bundle's \"{path}\" is not one certificate."), CollateralFiles.IsEnrolment(name)));
                break;
            case ["intel", var name] when name.EndsWith(".json", StringComparison.Ordinal):
                documents.Add((path, content, entries.GetValueOrDefault(Path.ChangeExtension(path, ".chain.pem")) ?? ReadOnlyMemory<byte>.Empty));
                break;
            case ["intel", var name] when name.EndsWith(".chain.pem", StringComparison.Ordinal) && entries.ContainsKey(path[..^".chain.pem".Length] + ".json"):
                break;
            case ["intel", _]:
                certificates.AddRange(Pem.TryCertificates(content) ?? throw new CollateralException($"The bundle's \"{path}\" is no certificate chain."));
                break;
            case [CollateralFiles.Chips]:
                chips.AddRange(CollateralFiles.ReadChips(content));
                break;
            default:
                custody.AddRange(CollateralFiles.ReadCustody(content));
                break;
        }
    }

    private void AskConsent()
    {
        var needed = new List<(string, string)>();
        foreach (var (root, enrolment) in roots)
        {
            var name = $"{(enrolment ? "enrolment" : "development")}:{root.Fingerprint}";
            if (Held(CollateralFiles.RootPath(root, enrolment)) is not { } there || !there.AsSpan().SequenceEqual(root.Raw.Span))
            {
                if (!consent.Roots.Contains(name))
                {
                    needed.Add((name, root.SubjectWords));
                }
            }
        }

        var known = HeldCustody();
        var unsaid = consent.Custody ? 0 : custody.Count(statement => !known.Contains(statement));
        if (needed.Count > 0 || unsaid > 0)
        {
            throw new CollateralConsentException(needed, unsaid);
        }
    }

    private CollateralItem Take(string name, RevocationList list, IReadOnlyList<Certificate> pool, TrustStore trust)
    {
        if (list.ThisUpdate > now + FutureMax)
        {
            throw new CollateralException($"{name}: the revocation list of {DistinguishedName.Words(list.Issuer)} is of {list.ThisUpdate:u}, which lies in the future.");
        }

        var issuer = CollateralProvenance.IssuerOf(list, pool, trust)
            ?? throw new CollateralException($"{name}: no certificate at hand that stands under a trusted root signed the revocation list of {DistinguishedName.Words(list.Issuer)}; import its issuer's certificate with it.");
        var stem = CollateralFiles.ListPath(list, issuer);
        var known = Lists().Where(item => item.Path.StartsWith(stem, StringComparison.Ordinal)).ToList();
        var newest = known.OrderByDescending(item => item.List.ThisUpdate).FirstOrDefault();
        if (known.Exists(item => item.List.Raw.Span.SequenceEqual(list.Raw.Span)))
        {
            return CollateralFiles.Describe(newest.Path, newest.List.Raw.ToArray());
        }

        // A serial once listed stays listed: what a newer list leaves out is kept beside it, and so is what only an older one names.
        var dated = $"{stem}-{list.ThisUpdate.UtcDateTime.ToString("yyyyMMddHHmmss", CultureInfo.InvariantCulture)}.crl";
        if (newest.List is { } before && list.ThisUpdate <= before.ThisUpdate)
        {
            return list.Serials.All(serial => known.Exists(item => item.List.Serials.Contains(serial)))
                ? CollateralFiles.Describe(newest.Path, before.Raw.ToArray()) with { Change = CollateralChange.KeptNewer }
                : Put(dated, list.Raw, CollateralChange.Merged);
        }

        if (newest.List is { } old && !old.Serials.IsSubsetOf(list.Serials))
        {
            Put($"{stem}-{old.ThisUpdate.UtcDateTime.ToString("yyyyMMddHHmmss", CultureInfo.InvariantCulture)}.crl", old.Raw);
        }

        return Put($"{stem}.crl", list.Raw, newest.List is null ? CollateralChange.Added : CollateralChange.Renewed);
    }

    private IEnumerable<CollateralItem> Take(string name, ReadOnlyMemory<byte> json, ReadOnlyMemory<byte> chain, IReadOnlyList<Certificate> pool, TrustStore trust)
    {
        var (path, what, evaluation, issued) = Name(name, json);
        var beside = $"{path}.chain.pem";
        var issuers = chain.Length > 0 ? chain : Held(beside) ?? ReadOnlyMemory<byte>.Empty;
        var signed = SignedDocument.FromEnvelope(json, what == "TCB info" ? "tcbInfo"u8 : "enclaveIdentity"u8, issuers);
        if (issued > now + FutureMax)
        {
            throw new CollateralException($"{name}: the {what} was issued {issued:u}, which lies in the future.");
        }

        if (CollateralProvenance.ProblemOf(signed, what, issued, pool, trust) is { } problem)
        {
            throw new CollateralException($"{name}: the {what} is not Intel's word: {problem}. Give the issuer chain of the service's response with it (--chain).");
        }

        var change = CollateralChange.Added;
        if (Held($"{path}.json") is { } there)
        {
            var (_, _, heldEvaluation, heldIssued) = Name($"{path}.json", there);
            change = there.AsSpan().SequenceEqual(json.Span) ? CollateralChange.Present
                : (evaluation, issued).CompareTo((heldEvaluation, heldIssued)) <= 0 ? CollateralChange.KeptNewer : CollateralChange.Renewed;
        }

        if (change == CollateralChange.KeptNewer)
        {
            yield return CollateralFiles.Describe($"{path}.json", Held($"{path}.json")!) with { Change = change };
            yield break;
        }

        if (chain.Length > 0)
        {
            Put(beside, chain);
        }

        yield return Put($"{path}.json", json, change);
    }

    private static (string Path, string What, int Evaluation, DateTimeOffset Issued) Name(string name, ReadOnlyMemory<byte> json)
    {
        var tcb = SignedDocument.FromEnvelope(json, "tcbInfo"u8, default).TcbInfo;
        var qe = tcb is null ? SignedDocument.FromEnvelope(json, "enclaveIdentity"u8, default).QeIdentity : null;
        var path = tcb is not null ? $"intel/tcbinfo-{tcb.Id.ToLowerInvariant()}-{Convert.ToHexStringLower(tcb.Fmspc.Span)}"
            : qe is not null ? $"intel/qeidentity-{qe.Id.ToLowerInvariant()}"
            : throw new CollateralException($"{name} is neither Intel's TCB info nor an enclave identity.");
        return path.Any(c => c is not (>= 'a' and <= 'z' or >= '0' and <= '9' or '-' or '_' or '/')) || path.Length > 100
            ? throw new CollateralException($"{name} names its subject in characters that are not expected.")
            : tcb is not null ? (path, "TCB info", tcb.EvaluationDataNumber, tcb.IssueDate) : (path, "enclave identity", qe!.EvaluationDataNumber, qe.IssueDate);
    }

    private CollateralItem MergeChips()
    {
        var before = Held(CollateralFiles.Chips);
        var known = before is null ? [] : CollateralFiles.ReadChips(before).ToHashSet();
        var more = chips.Where(known.Add).ToList();
        if (more.Count == 0)
        {
            return CollateralFiles.Describe(CollateralFiles.Chips, before!);
        }

        // Appended, so that the owner's own remarks stay where they are.
        var text = Encoding.UTF8.GetString(before ?? []);
        text += (text.Length == 0 || text.EndsWith('\n') ? "" : "\n") + string.Concat(more.Select(chip => $"{chip}\n"));
        var item = Put(CollateralFiles.Chips, Encoding.UTF8.GetBytes(text), before is null ? CollateralChange.Added : CollateralChange.Merged);
        return item with { What = $"revoked chips, {more.Count} of them new" };
    }

    private CollateralItem MergeCustody()
    {
        var all = HeldCustody();
        var before = all.Count;
        foreach (var statement in custody)
        {
            all.RemoveAll(other => other.Chip == statement.Chip);
            all.Add(statement);
        }

        return Put(CollateralFiles.Custody, CollateralFiles.WriteCustody(all), before == 0 ? CollateralChange.Added : CollateralChange.Merged);
    }

    private CollateralItem Put(string path, ReadOnlyMemory<byte> bytes, CollateralChange? change = null)
    {
        var there = Held(path);
        if (there is null || !there.AsSpan().SequenceEqual(bytes.Span))
        {
            writes[path] = bytes;
        }

        return CollateralFiles.Describe(path, bytes.ToArray()) with { Change = change ?? (there is null ? CollateralChange.Added : CollateralChange.Present) };
    }

    private byte[]? Held(string path) => writes.TryGetValue(path, out var planned) ? planned.ToArray() : held.FirstOrDefault(file => file.Path == path).Bytes;

    private IEnumerable<(string Path, RevocationList List)> Lists()
    {
        foreach (var (path, bytes) in held.Where(file => !writes.ContainsKey(file.Path)).Concat(writes.Select(write => (Path: write.Key, Bytes: write.Value.ToArray()))))
        {
            if (path.StartsWith("lists/", StringComparison.Ordinal) && RevocationList.TryParse(CollateralFiles.Unwrap(bytes)) is { } list)
            {
                yield return (path, list);
            }
        }
    }

    private List<CustodyStatement> HeldCustody() => Held(CollateralFiles.Custody) is { } bytes ? CollateralFiles.ReadCustody(bytes) : [];

    private IEnumerable<Certificate> HeldCertificates() =>
        held.Where(file => file.Path.StartsWith("certificates/", StringComparison.Ordinal) || file.Path.StartsWith("roots/", StringComparison.Ordinal) || (file.Path.StartsWith("intel/", StringComparison.Ordinal) && file.Path.EndsWith(".pem", StringComparison.Ordinal)))
            .SelectMany(file => Pem.TryCertificates(file.Bytes) ?? []);

    private TrustStore HeldRoots()
    {
        var trust = TrustStore.Vendors;
        foreach (var (path, bytes) in held.Where(file => file.Path.StartsWith("roots/tpm/", StringComparison.Ordinal)))
        {
            trust = trust.WithRoot(bytes, AnchorUse.Tpm, AnchorClass.Development) ?? throw new CollateralException($"{path} in the store is not one certificate.");
        }

        return trust;
    }
}
