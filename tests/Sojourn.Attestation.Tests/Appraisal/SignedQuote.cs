using System.Buffers.Binary;
using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Sojourn.Attestation.Tests.Appraisal;

/// <summary>A TDX quote and its collateral, signed by keys of our own under a root of our own: for what no real quote at hand shows.</summary>
internal sealed class SignedQuote : IDisposable
{
    public static readonly DateTimeOffset Now = new(2026, 3, 1, 0, 0, 0, TimeSpan.Zero);

    private const string Arc = "1.2.840.113741.1.13.1";
    private readonly ECDsa rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly ECDsa pckKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly ECDsa signerKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly X509Certificate2 root;

    public SignedQuote()
    {
        var request = new CertificateRequest("CN=Intel SGX Root CA", rootKey, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        root = request.CreateSelfSigned(Now.AddYears(-1), Now.AddYears(1));
    }

    public static byte[] Ppid { get; } = [.. Enumerable.Range(1, 16).Select(i => (byte)i)];

    public static byte[] Instance { get; } = [.. Enumerable.Range(101, 16).Select(i => (byte)i)];

    /// <summary>SEPT_VE_DISABLE.</summary>
    public ulong Attributes { get; init; } = 1UL << 28;

    public ReportData Data { get; init; } = ReportData.ForChallenge("challenge"u8);

    public Collateral Bare => Collateral.Empty.WithRoots(TrustStore.Empty.WithRoot(root.RawData, AnchorUse.IntelSgx, AnchorClass.Development)!);

    /// <summary>The signing certificate and the root, as a service sends them.</summary>
    public byte[] SignerChain(string subject = "CN=Intel SGX TCB Signing", bool platform = false)
    {
        using var signer = Issue(subject, signerKey, platform ? PckExtension() : null);
        return Encoding.ASCII.GetBytes($"{signer.ExportCertificatePem()}\n{root.ExportCertificatePem()}\n");
    }

    /// <summary>The chain of the platform's own certificate: it leads to the same root.</summary>
    public byte[] PckChain()
    {
        using var pck = Issue("CN=Intel SGX PCK Certificate", pckKey, PckExtension());
        return Encoding.ASCII.GetBytes($"{pck.ExportCertificatePem()}\n{root.ExportCertificatePem()}\n");
    }

    public Collateral AddTcb(Collateral collateral, int evaluation = 17, string status = "UpToDate", int issuedDaysAgo = 1, int validDays = 30, byte[]? chain = null, bool byPlatform = false)
    {
        var text = Tcb(evaluation, status, issuedDaysAgo, validDays);
        return collateral.AddTcbInfo(text, (byPlatform ? pckKey : signerKey).SignData(text, HashAlgorithmName.SHA256), chain ?? SignerChain());
    }

    public Collateral AddQe(Collateral collateral, int evaluation = 17, string status = "UpToDate", byte[]? chain = null)
    {
        var text = Qe(evaluation, status);
        return collateral.AddQeIdentity(text, signerKey.SignData(text, HashAlgorithmName.SHA256), chain ?? SignerChain());
    }

    /// <summary>The form in which a service answers.</summary>
    public byte[] TcbEnvelope(int evaluation, string status, int issuedDaysAgo)
    {
        var text = Tcb(evaluation, status, issuedDaysAgo, 30);
        return Encoding.UTF8.GetBytes($"{{\"tcbInfo\":{Encoding.UTF8.GetString(text)},\"signature\":\"{Convert.ToHexStringLower(signerKey.SignData(text, HashAlgorithmName.SHA256))}\"}}");
    }

    public Evidence Quote()
    {
        using var attestationKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var q = attestationKey.ExportParameters(false).Q;
        byte[] key = [.. q.X!, .. q.Y!];
        var header = new byte[48];
        (header[0], header[2], header[4]) = (4, 2, 0x81);
        Convert.FromHexString("939a7233f79c4ca9940a0db3957f0607").CopyTo(header, 12);
        var body = new byte[584];
        body[1] = 1;
        body[0] = 3;
        BinaryPrimitives.WriteUInt64LittleEndian(body.AsSpan(120), Attributes);
        Data.Bytes.CopyTo(body.AsSpan(520));
        byte[] signed = [.. header, .. body];
        var qe = new byte[384];
        qe[256] = 2;
        qe[258] = 6;
        SHA256.HashData([.. key, .. "auth"u8]).CopyTo(qe, 320);
        var certification = PckChain();
        byte[] inner = [.. qe, .. pckKey.SignData(qe, HashAlgorithmName.SHA256), 4, 0, .. "auth"u8, 5, 0, .. U32(certification.Length), .. certification];
        byte[] signature = [.. attestationKey.SignData(signed, HashAlgorithmName.SHA256), .. key, 6, 0, .. U32(inner.Length), .. inner];
        return new Evidence(EvidenceKind.Tdx, (byte[])[.. signed, .. U32(signature.Length), .. signature]);
    }

    public void Dispose()
    {
        root.Dispose();
        rootKey.Dispose();
        pckKey.Dispose();
        signerKey.Dispose();
    }

    private static byte[] Tcb(int evaluation, string status, int issuedDaysAgo, int validDays)
    {
        var zeros = string.Join(",", Enumerable.Repeat("{\"svn\":0}", 16));
        var module = $"\"mrsigner\":\"{new string('0', 96)}\",\"attributes\":\"{new string('0', 16)}\",\"attributesMask\":\"{new string('F', 16)}\"";
        return Encoding.UTF8.GetBytes(
            $"{{\"id\":\"TDX\",\"version\":3,{Window(issuedDaysAgo, validDays)},\"fmspc\":\"00806F050000\",\"pceId\":\"0000\",\"tcbType\":0,\"tcbEvaluationDataNumber\":{evaluation},\"tdxModule\":{{{module}}},"
            + $"\"tdxModuleIdentities\":[{{\"id\":\"TDX_01\",{module},\"tcbLevels\":[{{\"tcb\":{{\"isvsvn\":3}},\"tcbDate\":\"2025-01-01T00:00:00Z\",\"tcbStatus\":\"UpToDate\"}}]}}],"
            + $"\"tcbLevels\":[{{\"tcb\":{{\"sgxtcbcomponents\":[{zeros}],\"pcesvn\":11,\"tdxtcbcomponents\":[{zeros}]}},\"tcbDate\":\"2025-01-01T00:00:00Z\",\"tcbStatus\":\"{status}\"}}]}}");
    }

    private static byte[] Qe(int evaluation, string status) => Encoding.UTF8.GetBytes(
        $"{{\"id\":\"TD_QE\",\"version\":2,{Window(1, 30)},\"tcbEvaluationDataNumber\":{evaluation},\"miscselect\":\"00000000\",\"miscselectMask\":\"FFFFFFFF\",\"attributes\":\"{new string('0', 32)}\","
        + $"\"attributesMask\":\"{new string('F', 32)}\",\"mrsigner\":\"{new string('0', 64)}\",\"isvprodid\":2,\"tcbLevels\":[{{\"tcb\":{{\"isvsvn\":6}},\"tcbDate\":\"2025-01-01T00:00:00Z\",\"tcbStatus\":\"{status}\"}}]}}");

    private static string Window(int issuedDaysAgo, int validDays) =>
        $"\"issueDate\":\"{Now.AddDays(-issuedDaysAgo):yyyy-MM-dd'T'HH:mm:ss'Z'}\",\"nextUpdate\":\"{Now.AddDays(validDays - issuedDaysAgo):yyyy-MM-dd'T'HH:mm:ss'Z'}\"";

    private static X509Extension PckExtension()
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        void Item(string arc, Action value)
        {
            writer.PushSequence();
            writer.WriteObjectIdentifier(Arc + arc);
            value();
            writer.PopSequence();
        }

        writer.PushSequence();
        Item(".1", () => writer.WriteOctetString(Ppid));
        Item(".2", () =>
        {
            writer.PushSequence();
            for (var i = 1; i <= 16; i++)
            {
                Item($".2.{i}", () => writer.WriteInteger(0));
            }

            Item(".2.17", () => writer.WriteInteger(11));
            Item(".2.18", () => writer.WriteOctetString(new byte[16]));
            writer.PopSequence();
        });
        Item(".3", () => writer.WriteOctetString(new byte[2]));
        Item(".4", () => writer.WriteOctetString(Convert.FromHexString("00806F050000")));
        Item(".6", () => writer.WriteOctetString(Instance));
        writer.PopSequence();
        return new X509Extension(new Oid(Arc), writer.Encode(), false);
    }

    private static byte[] U32(int value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
        return bytes;
    }

    private X509Certificate2 Issue(string subject, ECDsa key, X509Extension? extension)
    {
        var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.NonRepudiation, true));
        if (extension is not null)
        {
            request.CertificateExtensions.Add(extension);
        }

        return request.Create(root, Now.AddMonths(-2), Now.AddMonths(6), SHA256.HashData(Encoding.UTF8.GetBytes(subject))[..8]);
    }
}
