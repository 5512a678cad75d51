using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using Sojourn.Attestation.Tpm;

namespace Sojourn.Attestation.Tests;

public sealed class ImaTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void EveryEntryMustBeKnownAndTheQuoteCoversAPrefix()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var list = List(("/usr/bin/one", 1), ("/usr/bin/two", 2));
        var grown = List(("/usr/bin/one", 1), ("/usr/bin/two", 2), ("/usr/bin/later", 3));
        var evidence = Quote(key, Register(list, 2)).With(EvidencePart.ImaLog, grown);
        var data = ReportData.ForChallenge("ima"u8);
        var quote = Verifier.Verify(evidence, Collateral.Empty, Now).Quote!;
        Assert.Equal(2, ((TpmClaims)quote.Claims).ImaEntries.Length);
        var policy = AppraisalPolicy.Development with { RequireIma = true, KnownFiles = [Digest(1), Digest(2)] };
        Assert.True(Appraiser.Appraise(quote, policy, data, Now).Accepted);
        var unknown = Appraiser.Appraise(quote, policy with { KnownFiles = [Digest(1)] }, data, Now);
        Assert.Equal(ReasonCode.ImaEntryUnknown, Assert.Single(unknown.Reasons).Code);
        Assert.Contains("/usr/bin/two", unknown.Reasons[0].Words, StringComparison.Ordinal);

        Assert.Equal(QuoteFault.ImaLogMismatch, Verifier.Verify(evidence.With(EvidencePart.ImaLog, List(("/usr/bin/one", 1))), Collateral.Empty, Now).Fault);
        Assert.Equal(QuoteFault.ImaLogMismatch, Verifier.Verify(evidence.With(EvidencePart.ImaLog, List(("/usr/bin/evil", 1), ("/usr/bin/two", 2))), Collateral.Empty, Now).Fault);
        Assert.True(Appraiser.Appraise(Verifier.Verify(evidence.Without(EvidencePart.ImaLog), Collateral.Empty, Now).Quote!, policy, data, Now).Has(ReasonCode.ImaLogMissing));
        var nothing = Quote(key, new byte[32]).With(EvidencePart.ImaLog, grown);
        Assert.True(Appraiser.Appraise(Verifier.Verify(nothing, Collateral.Empty, Now).Quote!, policy, data, Now).Has(ReasonCode.ImaLogMissing));
    }

    [Fact]
    public void AReferenceSetCanAskThatAFileRan()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var list = List(("/opt/old/enclave.dll", 1), ("/opt/new/enclave.dll", 2));
        var quote = Verifier.Verify(Quote(key, Register(list, 2)).With(EvidencePart.ImaLog, list), Collateral.Empty, Now).Quote!;
        AttestationResult Appraise(params (string, string)[] values) => Appraiser.Appraise(
            quote, AppraisalPolicy.Development with { AnyMeasurement = false, ReferenceValues = [ReferenceSet.Of("release", values)] }, ReportData.ForChallenge("ima"u8), Now);
        Assert.True(Appraise(("ima/enclave.dll", Digest(2))).Accepted);
        Assert.True(Appraise(("ima/enclave.dll", Digest(3))).Has(ReasonCode.MeasurementUnknown));
        Assert.True(Appraise(("ima/other.dll", Digest(2))).Has(ReasonCode.MeasurementUnknown));
    }

    [Fact]
    public void AViolationIsNeverKnown()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var list = List(("/usr/bin/open-for-writing", 1));
        list.AsSpan(4, 20).Clear();
        var register = SHA256.HashData([.. new byte[32], .. Enumerable.Repeat((byte)0xFF, 32)]);
        var quote = Verifier.Verify(Quote(key, register).With(EvidencePart.ImaLog, list), Collateral.Empty, Now).Quote!;
        var policy = AppraisalPolicy.Development with { RequireIma = true, KnownFiles = [Digest(1), ""] };
        Assert.True(Appraiser.Appraise(quote, policy, ReportData.ForChallenge("ima"u8), Now).Has(ReasonCode.ImaEntryUnknown));
    }

    /// <summary>A binary measurement list with the template ima-ng.</summary>
    internal static byte[] List(params (string Path, byte Content)[] files)
    {
        var list = new List<byte>();
        foreach (var (path, content) in files)
        {
            byte[] digest = [.. "sha256:\0"u8, .. SHA256.HashData([content])];
            byte[] name = [.. Encoding.UTF8.GetBytes(path), 0];
            byte[] template = [.. U32(digest.Length), .. digest, .. U32(name.Length), .. name];
            list.AddRange([.. U32(10), .. TpmAlg.Hash(TpmAlg.Sha1, template), .. U32(6), .. "ima-ng"u8, .. U32(template.Length), .. template]);
        }

        return [.. list];
    }

    private static string Digest(byte content) => Convert.ToHexStringLower(SHA256.HashData([content]));

    private static byte[] Register(byte[] list, int entries)
    {
        var register = new byte[32];
        var at = 0;
        for (var i = 0; i < entries; i++)
        {
            var length = BinaryPrimitives.ReadInt32LittleEndian(list.AsSpan(at + 34));
            register = SHA256.HashData([.. register, .. SHA256.HashData(list.AsSpan(at + 38, length))]);
            at += 38 + length;
        }

        return register;
    }

    /// <summary>A quote of PCR 10 by a key in this process: a stand-in for a TPM, whose list cannot be chosen freely.</summary>
    internal static Evidence Quote(ECDsa key, byte[] register)
    {
        var q = key.ExportParameters(false).Q;
        byte[] area = [0, 0x23, 0, 0x0B, 0, 5, 0, 0x72, 0, 0, 0, 0x10, 0, 0x18, 0, 0x0B, 0, 3, 0, 0x10, 0, 32, .. q.X!, 0, 32, .. q.Y!];
        var selection = TpmPolicy.Encode([new PcrSelection(TpmAlg.Sha256, [10])]);
        byte[] message = [0xFF, 0x54, 0x43, 0x47, 0x80, 0x18, 0, 0, 0, 3, .. "ima"u8, .. new byte[8 + 4 + 4], 1, .. new byte[8], .. selection, 0, 32, .. SHA256.HashData(register)];
        var signature = key.SignData(message, HashAlgorithmName.SHA256);
        return Evidence.Of(EvidenceKind.Tpm, new Dictionary<EvidencePart, ReadOnlyMemory<byte>>
        {
            [EvidencePart.TpmQuote] = message,
            [EvidencePart.TpmSignature] = (byte[])[0, 0x18, 0, 0x0B, 0, 32, .. signature[..32], 0, 32, .. signature[32..]],
            [EvidencePart.TpmKey] = area,
            [EvidencePart.PcrValues] = register,
        });
    }

    private static byte[] U32(int value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
        return bytes;
    }
}
