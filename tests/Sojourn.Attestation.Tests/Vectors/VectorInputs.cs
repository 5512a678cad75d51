using System.Text;
using System.Text.Json;
using Sojourn.Attestation.Dcap;
using Sojourn.Attestation.Tpm;
using Sojourn.Attestation.X509;

namespace Sojourn.Attestation.Tests.VectorCases;

/// <summary>What a case gives to the verifier.</summary>
internal sealed record VectorInput(Evidence Evidence, Collateral Collateral, AppraisalPolicy Policy, ReportData Expected, DateTimeOffset Now);

/// <summary>One file of the set.</summary>
internal sealed record VectorFile(string Path, byte[] Bytes)
{
    public FileContent Content { get; } = VectorFiles.Of(Bytes);
}

/// <summary>Turns a case's files into evidence and collateral.</summary>
internal static class VectorInputs
{
    /// <summary>The README's baseline policy: no debug, no migration agent, VMPL 0, converged status UpToDate or SWHardeningNeeded, revocation where lists are supplied.</summary>
    public static AppraisalPolicy Baseline { get; } = new()
    {
        Name = "baseline",
        AnyMeasurement = true,
        RequireRevocation = false,
        RequireIma = false,
        AllowSeptVe = true,
        SnpPlatformRequired = [],
        AgeMaximum = TimeSpan.FromDays(365),
    };

    public static IEnumerable<VectorInput> Of(VectorCase item) => item.Kind switch
    {
        "snp" => [Snp(item)],
        "sgx" or "tdx" => [Dcap(item)],
        "nitro" => [Nitro(item)],
        "azure-snp-vtpm" or "azure-tdx-vtpm" => [Azure(item)],
        "tpm-quote" => Tpm(item),
        "tpm-quote-software" => [Software(item)],
        _ => throw new NotSupportedException($"No reader for the kind {item.Kind}."),
    };

    /// <summary>The kinds that <see cref="Of"/> reads.</summary>
    public static string[] Kinds { get; } = ["snp", "sgx", "tdx", "nitro", "azure-snp-vtpm", "azure-tdx-vtpm", "tpm-quote", "tpm-quote-software"];

    private static VectorInput Snp(VectorCase item)
    {
        var evidence = new Evidence(EvidenceKind.SevSnp, item.Read("report")!);
        if (item.Read("leaf") is { } leaf)
        {
            evidence = evidence.With(EvidencePart.Certificates, leaf);
        }

        var collateral = Collateral.Empty;
        foreach (var path in item.Paths("chain"))
        {
            collateral = collateral.AddCertificates(VectorSet.Bytes(path));
        }

        foreach (var path in item.Paths("crl"))
        {
            collateral = collateral.AddRevocationList(VectorSet.Bytes(path));
        }

        var data = item.Field("report_data") is { } text ? Convert.FromHexString(text.GetString()!) : evidence[EvidencePart.Report].Slice(0x50, 64).ToArray();
        return new VectorInput(evidence, collateral, Baseline, ReportData.FromDigest(data), item.Time);
    }

    private static VectorInput Dcap(VectorCase item)
    {
        var kind = item.Kind == "tdx" ? EvidenceKind.Tdx : EvidenceKind.Sgx;
        var folder = FolderFiles(item);
        var evidence = new Evidence(kind, item.Read("quote") ?? folder.First(file => file.Content == FileContent.DcapQuote).Bytes);
        // A platform's certificate beside the quote is what a provisioning service would have given for it.
        var leaf = folder.FirstOrDefault(file => file.Content == FileContent.Certificates && Pem.TryCertificates(file.Bytes) is [var first, ..] && PckExtensions.TryRead(first) is not null);
        if (leaf is not null)
        {
            evidence = evidence.With(EvidencePart.Certificates, leaf.Bytes);
        }

        var data = item.Field("report_data") is { } text ? ReportData.FromDigest(Convert.FromHexString(text.GetString()!)) : ReportData.FromDigest(new byte[64]);
        return new VectorInput(evidence, IntelCollateral([.. Named(item.Paths("collateral")), .. folder.Where(file => file != leaf)], Sentences(item)), Baseline, data, item.Time);
    }

    private static VectorInput Nitro(VectorCase item)
    {
        var evidence = new Evidence(EvidenceKind.Nitro, item.Read("document")!);
        var nonce = item.Field("nonce") ?? item.Field("user_data");
        var expected = nonce is { } text ? ReportData.ForChallenge(Convert.FromHexString(text.GetString()!)) : ReportData.FromDigest(new byte[64]);
        return new VectorInput(evidence, Collateral.Empty, Baseline, expected, item.Time);
    }

    private static VectorInput Azure(VectorCase item)
    {
        var files = FolderFiles(item);
        var tdx = item.Kind == "azure-tdx-vtpm";
        var message = Only(files, FileContent.TpmAttest).Bytes;
        var values = Values(files, message);
        var parts = new Dictionary<EvidencePart, ReadOnlyMemory<byte>>
        {
            [EvidencePart.Report] = Only(files, FileContent.HclReport).Bytes,
            [EvidencePart.TpmQuote] = message,
            [EvidencePart.TpmSignature] = Signature(files, values),
            [EvidencePart.PcrValues] = values.Bytes,
        };
        var collateral = IntelCollateral(Named(item.Paths("collateral")), Sentences(item));
        if (tdx)
        {
            parts[EvidencePart.TdQuote] = Only(files, FileContent.DcapQuote).Bytes;
        }
        else
        {
            parts[EvidencePart.Certificates] = Only(files, FileContent.Certificates).Bytes;
            foreach (var chain in VectorSet.In("roots/amd").Select(VectorSet.Bytes).Where(bytes => VectorFiles.Of(bytes) == FileContent.Certificates))
            {
                collateral = collateral.AddCertificates(chain);
            }
        }

        var expected = ReportData.ForChallenge(Convert.FromHexString(item.Field("tpm_extra_data")!.Value.GetString()!));
        return new VectorInput(Evidence.Of(tdx ? EvidenceKind.AzureTdx : EvidenceKind.AzureSnp, parts), collateral, Baseline, expected, item.Time);
    }

    private static IEnumerable<VectorInput> Tpm(VectorCase item)
    {
        var files = FolderFiles(item);
        var collateral = Collateral.Empty;
        foreach (var path in item.Paths("chain"))
        {
            collateral = collateral.AddCertificates(VectorSet.Bytes(path));
        }

        foreach (var quote in item.Field("quotes")!.Value.EnumerateArray())
        {
            var bank = quote.GetProperty("bank").GetString()!;
            var message = files.First(file => file.Content == FileContent.TpmAttest && TpmAttest.TryParse(file.Bytes, new Findings()) is { Selection: [var first, ..] } && TpmAlg.Name(first.Bank) == bank);
            var parts = new Dictionary<EvidencePart, ReadOnlyMemory<byte>>
            {
                [EvidencePart.TpmQuote] = message.Bytes,
                [EvidencePart.TpmSignature] = files.First(file => file.Content == FileContent.TpmSignature && Stem(file) == Stem(message)).Bytes,
                [EvidencePart.TpmKey] = VectorFiles.TpmArea(Only(files, FileContent.TpmKey).Bytes),
                [EvidencePart.PcrValues] = Values(files, message.Bytes).Bytes,
                [EvidencePart.Certificates] = Only(files, FileContent.Certificates).Bytes,
            };
            if (files.FirstOrDefault(file => file.Content == FileContent.EventLog) is { } log)
            {
                parts[EvidencePart.EventLog] = log.Bytes;
            }

            var expected = ReportData.ForChallenge(Convert.FromHexString(item.Field("nonce")!.Value.GetString()!));
            yield return new VectorInput(Evidence.Of(EvidenceKind.Tpm, parts), collateral, Baseline with { MinimumLevel = TrustLevel.Tpm, AllowSha1Pcrs = true }, expected, item.Time);
        }
    }

    private static VectorInput Software(VectorCase item)
    {
        var message = item.Read("msg")!;
        var parts = new Dictionary<EvidencePart, ReadOnlyMemory<byte>>
        {
            [EvidencePart.TpmQuote] = message,
            [EvidencePart.TpmSignature] = item.Read("sig")!,
            [EvidencePart.TpmKey] = VectorFiles.TpmArea(item.Read("pub")!),
        };
        if (PcrValues(message, Path.GetDirectoryName(item.Paths("msg")[0])!) is { } values)
        {
            parts[EvidencePart.PcrValues] = values;
        }

        var expected = ReportData.ForChallenge(Convert.FromHexString(item.Field("extraData")!.Value.GetString()!));
        var policy = Baseline with { MinimumLevel = TrustLevel.Simulated, DevelopmentLedger = true };
        return new VectorInput(Evidence.Of(EvidenceKind.Tpm, parts), Collateral.Empty, policy, expected, item.Time);
    }

    /// <summary>The selected registers' values, from the .pcrs files beside the quotes; each holds the values in the order of its own quote's selection.</summary>
    private static byte[]? PcrValues(byte[] message, string folder)
    {
        if (TpmAttest.TryParse(message, new Findings()) is not { } attest)
        {
            return null;
        }

        foreach (var path in VectorSet.In(folder).Where(path => path.EndsWith(".pcrs", StringComparison.Ordinal)))
        {
            var sibling = TpmAttest.TryParse(VectorSet.Bytes(Path.ChangeExtension(path, ".msg")), new Findings())!;
            var bytes = VectorSet.Bytes(path);
            var order = sibling.Selection.SelectMany(s => s.Registers.Select(r => (s.Bank, r))).ToList();
            var values = attest.Selection.SelectMany(s => s.Registers.Select(r => order.IndexOf((s.Bank, r)))).ToList();
            if (!values.Contains(-1))
            {
                var selected = values.SelectMany(at => bytes.AsSpan(32 * at, 32).ToArray()).ToArray();
                if (attest.PcrDigest.AsSpan().SequenceEqual(TpmAlg.Hash(TpmAlg.Sha256, selected)))
                {
                    return selected;
                }
            }
        }

        return null;
    }

    /// <summary>The registers' values: the file whose digest was quoted; where none is (a case may be about that), the one that is nothing else.</summary>
    private static VectorFile Values(IReadOnlyList<VectorFile> files, byte[] message)
    {
        var digest = TpmAttest.TryParse(message, new Findings())!.PcrDigest;
        return files.FirstOrDefault(file => new[] { TpmAlg.Sha1, TpmAlg.Sha256, TpmAlg.Sha384, TpmAlg.Sha512 }.Any(hash => TpmAlg.Hash(hash, file.Bytes).AsSpan().SequenceEqual(digest)))
            ?? files.First(file => file.Content == FileContent.Other && file.Bytes.Length % 4 == 0 && Path.GetFileName(file.Path).Contains("pcr", StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>A TPMT_SIGNATURE, or the bare RSA signature that Azure's tools keep.</summary>
    private static byte[] Signature(IReadOnlyList<VectorFile> files, VectorFile values) =>
        files.FirstOrDefault(file => file.Content == FileContent.TpmSignature) is { } wrapped ? wrapped.Bytes
            : TpmSignature.WrapRsaSsaSha256(files.First(file => file != values && file.Content == FileContent.Other && file.Bytes.Length is 256 or 384 or 512).Bytes);

    private static VectorFile Only(IReadOnlyList<VectorFile> files, FileContent content) => files.First(file => file.Content == content);

    private static string Stem(VectorFile file) => Path.GetFileNameWithoutExtension(file.Path);

    private static List<VectorFile> Named(IEnumerable<string> paths) => [.. paths.Select(path => new VectorFile(path, VectorSet.Bytes(path)))];

    private static List<VectorFile> FolderFiles(VectorCase item) =>
        item.Files.TryGetProperty("dir", out var folder) && folder.ValueKind == JsonValueKind.String ? Named(VectorSet.In(folder.GetString()!)) : [];

    /// <summary>Entries that are sentences about an issuer chain: their paths give a chain and nothing else.</summary>
    private static HashSet<string> Sentences(VectorCase item)
    {
        if (!item.Files.TryGetProperty("collateral", out var value) || value.ValueKind != JsonValueKind.Array)
        {
            return [];
        }

        return value.EnumerateArray().Select(entry => entry.GetString()!).Where(text => text.Contains("issuer chain", StringComparison.OrdinalIgnoreCase))
            .SelectMany(VectorSet.PathsIn).ToHashSet(StringComparer.Ordinal);
    }

    private static Collateral IntelCollateral(IReadOnlyList<VectorFile> files, HashSet<string> chainsOnly)
    {
        var collateral = Collateral.Empty;
        // The chain of the service's response header: the signing certificate's where one is named, else whatever chain is named (a case may name a wrong one), but not a mere root.
        var chains = files.Where(file => file.Content == FileContent.Certificates).Select(file => (file.Bytes, Chain: Pem.TryCertificates(file.Bytes))).Where(file => file.Chain is [{ SelfIssued: false }, ..]).ToList();
        var chain = chains.OrderByDescending(file => file.Chain![0].SubjectWords.Contains("TCB Signing", StringComparison.Ordinal)).Select(file => file.Bytes).FirstOrDefault() ?? [];
        if (chain.Length == 0)
        {
            foreach (var signer in VectorSet.IntelSigners())
            {
                collateral = collateral.AddCertificates(signer);
            }
        }

        foreach (var file in files)
        {
            collateral = file.Content switch
            {
                FileContent.IntelBundle => Bundle(collateral, file.Bytes, chainsOnly.Contains(file.Path)),
                FileContent.TcbInfo => collateral.AddTcbInfo(file.Bytes, chain),
                FileContent.QeIdentity => collateral.AddQeIdentity(file.Bytes, chain),
                FileContent.List => collateral.AddRevocationList(file.Bytes),
                FileContent.Certificates => collateral.AddCertificates(file.Bytes),
                _ => collateral,
            };
        }

        return collateral;
    }

    private static Collateral Bundle(Collateral collateral, byte[] bytes, bool chainOnly)
    {
        using var document = JsonDocument.Parse(bytes);
        var root = document.RootElement;
        byte[] Text(string name) => Encoding.UTF8.GetBytes(root.GetProperty(name).GetString()!);
        byte[] Hex(string name) => Convert.FromHexString(root.GetProperty(name).GetString()!);
        if (chainOnly)
        {
            return collateral.AddCertificates(Text("tcb_info_issuer_chain"));
        }

        return collateral
            .AddCertificates(Text("pck_crl_issuer_chain"))
            .AddRevocationList(Hex("root_ca_crl")).AddRevocationList(Hex("pck_crl"))
            .AddTcbInfo(Text("tcb_info"), Hex("tcb_info_signature"), Text("tcb_info_issuer_chain"))
            .AddQeIdentity(Text("qe_identity"), Hex("qe_identity_signature"), Text("qe_identity_issuer_chain"));
    }
}
