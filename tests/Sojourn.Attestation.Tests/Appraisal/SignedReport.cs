using System.Buffers.Binary;
using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Sojourn.Attestation.Tests.Appraisal;

/// <summary>An SEV-SNP report that a chip key of our own signed, under a root of our own: for what no real report at hand shows.</summary>
internal sealed record SignedReport
{
    private const string Arc = "1.3.6.1.4.1.3704.1.";

    public static readonly DateTimeOffset Now = new(2026, 3, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>The guest's policy: reserved bit 17 and SMT.</summary>
    public ulong Policy { get; init; } = 0x30000;

    public uint Vmpl { get; init; }

    /// <summary>PLATFORM_INFO: simultaneous multithreading, ECC, the check for aliases.</summary>
    public ulong Platform { get; init; } = 0x25;

    /// <summary>Whether a cloud's key (VLEK) signs instead of the chip's own.</summary>
    public bool Vlek { get; init; }

    /// <summary>TCB_VERSION of Milan: boot loader, TEE, four reserved, SNP, microcode.</summary>
    public byte[] Tcb { get; init; } = [3, 0, 0, 0, 0, 0, 8, 115];

    public byte[] LaunchTcb { get; init; } = [3, 0, 0, 0, 0, 0, 8, 115];

    public byte[] ChipId { get; init; } = [.. Enumerable.Range(1, 64).Select(i => (byte)i)];

    public ReportData Data { get; init; } = ReportData.ForChallenge("challenge"u8);

    /// <summary>The evidence, and collateral that trusts its root.</summary>
    public (Evidence Evidence, Collateral Collateral) Sign() => Sign(damageRoot: false);

    /// <summary>The same under a root certificate whose own signature was changed.</summary>
    public (Evidence Evidence, Collateral Collateral) SignUnderDamagedRoot() => Sign(damageRoot: true);

    private (Evidence Evidence, Collateral Collateral) Sign(bool damageRoot)
    {
        using var rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        using var middleKey = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        using var chipKey = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        using var root = Authority("CN=ARK-Milan", rootKey).CreateSelfSigned(Now.AddYears(-1), Now.AddYears(1));
        using var bare = Authority("CN=SEV-Milan", middleKey).Create(root, Now.AddYears(-1), Now.AddYears(1), [1]);
        using var middle = bare.CopyWithPrivateKey(middleKey);
        var request = new CertificateRequest("CN=SEV-VCEK", chipKey, HashAlgorithmName.SHA384);
        request.CertificateExtensions.Add(Extension("1", writer => writer.WriteInteger(1)));
        request.CertificateExtensions.Add(Extension("2", writer => writer.WriteCharacterString(UniversalTagNumber.IA5String, "Milan-B0")));
        ReadOnlySpan<int> arcs = [1, 2, 4, 5, 6, 7, 3, 8];
        for (var i = 0; i < 8; i++)
        {
            var level = Tcb[i];
            request.CertificateExtensions.Add(Extension($"3.{arcs[i]}", writer => writer.WriteInteger(level)));
        }

        request.CertificateExtensions.Add(Vlek ? Extension("5", writer => writer.WriteCharacterString(UniversalTagNumber.IA5String, "a cloud")) : new X509Extension(new Oid(Arc + "4"), ChipId, false));
        using var leaf = request.Create(middle, Now.AddMonths(-1), Now.AddMonths(6), [1, 2, 3, 4]);

        var report = new byte[1184];
        BinaryPrimitives.WriteUInt32LittleEndian(report, 3);
        BinaryPrimitives.WriteUInt64LittleEndian(report.AsSpan(0x08), Policy);
        BinaryPrimitives.WriteUInt32LittleEndian(report.AsSpan(0x30), Vmpl);
        BinaryPrimitives.WriteUInt32LittleEndian(report.AsSpan(0x34), 1);
        Tcb.CopyTo(report, 0x38);
        BinaryPrimitives.WriteUInt64LittleEndian(report.AsSpan(0x40), Platform);
        BinaryPrimitives.WriteUInt32LittleEndian(report.AsSpan(0x48), Vlek ? 1u << 2 : 0);
        Data.Bytes.CopyTo(report.AsSpan(0x50));
        Tcb.CopyTo(report, 0x180);
        (report[0x188], report[0x189], report[0x18A]) = (0x19, 0x01, 0x01);
        ChipId.CopyTo(report, 0x1A0);
        Tcb.CopyTo(report, 0x1E0);
        LaunchTcb.CopyTo(report, 0x1F0);
        var signature = chipKey.SignData(report.AsSpan(0, 0x2A0), HashAlgorithmName.SHA384);
        for (var i = 0; i < 48; i++)
        {
            report[0x2A0 + i] = signature[47 - i];
            report[0x2A0 + 72 + i] = signature[95 - i];
        }

        var sent = root.RawData.ToArray();
        if (damageRoot)
        {
            sent[^1] ^= 1;
        }

        // The key is pinned and another certificate of it; the one that was sent along is what the path is built of.
        using var other = Authority("CN=ARK-Milan, O=another certificate of the key", rootKey).CreateSelfSigned(Now.AddYears(-1), Now.AddYears(1));
        var roots = TrustStore.Empty.WithRoot(damageRoot ? other.RawData : sent, AnchorUse.AmdSevSnp, AnchorClass.Development)!;
        return (
            new Evidence(EvidenceKind.SevSnp, report).With(EvidencePart.Certificates, Encoding.ASCII.GetBytes($"{leaf.ExportCertificatePem()}\n{bare.ExportCertificatePem()}\n{PemEncoding.WriteString("CERTIFICATE", sent)}\n")),
            Collateral.Empty.WithRoots(roots));
    }

    private static CertificateRequest Authority(string name, ECDsa key)
    {
        var request = new CertificateRequest(name, key, HashAlgorithmName.SHA384);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        return request;
    }

    private static X509Extension Extension(string arc, Action<AsnWriter> write)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        write(writer);
        return new X509Extension(new Oid(Arc + arc), writer.Encode(), false);
    }
}
