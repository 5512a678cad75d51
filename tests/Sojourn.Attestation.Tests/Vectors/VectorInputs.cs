using System.Text;
using System.Text.Json;
using Sojourn.Attestation.Tpm;

namespace Sojourn.Attestation.Tests.VectorCases;

/// <summary>What a case gives to the verifier.</summary>
internal sealed record VectorInput(Evidence Evidence, Collateral Collateral, AppraisalPolicy Policy, ReportData Expected, DateTimeOffset Now);

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
        var quotePath = item.Paths("quote") is [var named, ..] ? named : FolderFiles(item).First(path => Path.GetFileName(path).StartsWith("quote", StringComparison.OrdinalIgnoreCase));
        var evidence = new Evidence(kind, VectorSet.Bytes(quotePath));
        var folder = FolderFiles(item).ToList();
        var pck = folder.Where(path => Path.GetFileName(path).StartsWith("pck", StringComparison.OrdinalIgnoreCase) && path.EndsWith(".pem", StringComparison.Ordinal)).Order(StringComparer.Ordinal).ToList();
        if (pck.Count > 0)
        {
            evidence = evidence.With(EvidencePart.Certificates, pck.SelectMany(VectorSet.Bytes).ToArray());
        }

        var data = item.Field("report_data") is { } text ? ReportData.FromDigest(Convert.FromHexString(text.GetString()!)) : ReportData.FromDigest(new byte[64]);
        return new VectorInput(evidence, IntelCollateral([.. item.Paths("collateral"), .. folder.Except(pck)], Sentences(item)), Baseline, data, item.Time);
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
        var files = FolderFiles(item).ToDictionary(path => Path.GetFileName(path), VectorSet.Bytes, StringComparer.Ordinal);
        var tdx = item.Kind == "azure-tdx-vtpm";
        var parts = new Dictionary<EvidencePart, ReadOnlyMemory<byte>>
        {
            [EvidencePart.Report] = files["hcl-report.bin"],
            [EvidencePart.TpmQuote] = files["tpm-quote.msg"],
            [EvidencePart.TpmSignature] = TpmSignature.WrapRsaSsaSha256(files["tpm-quote.rsassa.sig"]),
            [EvidencePart.PcrValues] = files["pcrs-sha256.bin"],
        };
        var collateral = IntelCollateral(item.Paths("collateral"), Sentences(item));
        if (tdx)
        {
            parts[EvidencePart.TdQuote] = files["td-quote.bin"];
        }
        else
        {
            parts[EvidencePart.Certificates] = files["vcek.der"];
            foreach (var chain in VectorSet.In("roots/amd").Where(path => path.EndsWith("-chain.pem", StringComparison.Ordinal)))
            {
                collateral = collateral.AddCertificates(VectorSet.Bytes(chain));
            }
        }

        var expected = ReportData.ForChallenge(Convert.FromHexString(item.Field("tpm_extra_data")!.Value.GetString()!));
        return new VectorInput(Evidence.Of(tdx ? EvidenceKind.AzureTdx : EvidenceKind.AzureSnp, parts), collateral, Baseline, expected, item.Time);
    }

    private static IEnumerable<VectorInput> Tpm(VectorCase item)
    {
        var files = FolderFiles(item).ToDictionary(path => Path.GetFileName(path), VectorSet.Bytes, StringComparer.Ordinal);
        var collateral = Collateral.Empty;
        foreach (var path in item.Paths("chain"))
        {
            collateral = collateral.AddCertificates(VectorSet.Bytes(path));
        }

        foreach (var quote in item.Field("quotes")!.Value.EnumerateArray())
        {
            var bank = quote.GetProperty("bank").GetString()!;
            var parts = new Dictionary<EvidencePart, ReadOnlyMemory<byte>>
            {
                [EvidencePart.TpmQuote] = files[$"quote-{bank}.msg"],
                [EvidencePart.TpmSignature] = files[$"quote-{bank}.sig"],
                [EvidencePart.TpmKey] = files["ak.tpmt_public"],
                [EvidencePart.PcrValues] = files[$"pcrs-{bank}.bin"],
                [EvidencePart.EventLog] = files["eventlog.bin"],
                [EvidencePart.Certificates] = files["ak-cert.der"],
            };
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
            [EvidencePart.TpmKey] = item.Read("pub")!.AsMemory(2),
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

    private static IEnumerable<string> FolderFiles(VectorCase item) =>
        item.Files.TryGetProperty("dir", out var folder) && folder.ValueKind == JsonValueKind.String ? VectorSet.In(folder.GetString()!) : [];

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

    private static Collateral IntelCollateral(IReadOnlyList<string> paths, HashSet<string> chainsOnly)
    {
        var collateral = Collateral.Empty;
        var named = paths.Where(path => path.EndsWith(".pem", StringComparison.Ordinal) && !Path.GetFileName(path).Contains("root", StringComparison.OrdinalIgnoreCase)).ToList();
        var chain = named.Count > 0 ? VectorSet.Bytes(named[0]) : [];
        if (chain.Length == 0)
        {
            foreach (var signer in VectorSet.IntelSigners())
            {
                collateral = collateral.AddCertificates(signer);
            }
        }

        foreach (var path in paths)
        {
            var bytes = VectorSet.Bytes(path);
            var name = Path.GetFileName(path).ToLowerInvariant();
            if (name == "collateral.json")
            {
                collateral = Bundle(collateral, bytes, chainsOnly.Contains(path));
            }
            else if (name.StartsWith("tcbinfo", StringComparison.Ordinal))
            {
                collateral = collateral.AddTcbInfo(bytes, chain);
            }
            else if (name.StartsWith("qeidentity", StringComparison.Ordinal))
            {
                collateral = collateral.AddQeIdentity(bytes, chain);
            }
            else if (name.Contains("crl", StringComparison.Ordinal) && name.EndsWith(".der", StringComparison.Ordinal))
            {
                collateral = collateral.AddRevocationList(bytes);
            }
            else if (name.EndsWith(".pem", StringComparison.Ordinal))
            {
                collateral = collateral.AddCertificates(bytes);
            }
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
