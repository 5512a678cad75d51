using System.Collections.Immutable;
using System.Security.Cryptography;
using Sojourn.Attestation.References;

namespace Sojourn.Attestation.Tests;

public sealed class ReferenceTests
{
    [Fact]
    public void AProgramsReferenceDoesNotDependOnTheOrderOfItsFiles()
    {
        (string, ReadOnlyMemory<byte>) a = ("a/b.dll", new byte[] { 1 }), b = ("run", new byte[] { 2 });
        var one = ProgramReference.Of("enclave", [a, b]);
        Assert.Equal(one.Digest, ProgramReference.Of("enclave", [b, a]).Digest);
        Assert.NotEqual(one.Digest, ProgramReference.Of("enclave", [a]).Digest);
        Assert.NotEqual(one.Digest, ProgramReference.Of("enclave", [("a/b.dll", new byte[] { 2 }), ("run", new byte[] { 1 })]).Digest);
        Assert.Contains(Convert.ToHexStringLower(SHA256.HashData([1])), one.KnownFiles);
    }

    [Fact]
    public void SignedSetsAreTakenOverOnlyFromTheirEndorser()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var message = SignedReferences.Sign([ReferenceSet.Of("release", ("launch", new string('a', 96)))], ["00ff"], key);
        var policy = SignedReferences.Apply(new AppraisalPolicy(), message, key.ExportSubjectPublicKeyInfo(), "the builders");
        Assert.Equal("the builders", Assert.Single(policy!.ReferenceValues).Endorser);
        Assert.Contains("00ff", policy.KnownFiles);
        Assert.Equal(TrustLevel.Tee, policy.MinimumLevel);
        Assert.Null(SignedReferences.Apply(new AppraisalPolicy(), message, other.ExportSubjectPublicKeyInfo(), "x"));
        message[^1] ^= 1;
        Assert.Null(SignedReferences.Apply(new AppraisalPolicy(), message, key.ExportSubjectPublicKeyInfo(), "x"));
    }

    [Fact]
    public void TheSnpMeasurementIsTheChainOfPageInfos()
    {
        var page = new byte[4096];
        page[0] = 7;
        byte[] Info(byte[] before, byte[] contents, byte type, ulong address) => SHA384.HashData([.. before, .. contents, 0x70, 0, type, 0, 0, 0, 0, 0, .. BitConverter.GetBytes(address)]);
        var expected = Info(new byte[48], SHA384.HashData(page), 1, 0xFFFFF000);
        expected = Info(expected, new byte[48], 3, 0x1000);
        expected = Info(expected, new byte[48], 5, 0x2000);
        expected = Info(expected, new byte[48], 6, 0x3000);
        expected = Info(expected, SHA384.HashData(page), 2, 0xFFFF_FFFF_F000);
        Assert.Equal(expected, new SnpLaunchDigest().AddNormal(0xFFFFF000, page).AddZero(0x1000, 4096).AddSecrets(0x2000).AddCpuid(0x3000).AddVmsa(page).Value.ToArray());
        var hashes = SnpLaunchDigest.KernelHashesPage([1], [2], "console=ttyS0", 64);
        Assert.Equal(SHA256.HashData("console=ttyS0\0"u8), hashes.AsSpan(64 + 18 + 18, 32).ToArray());
        Assert.Equal(SHA256.HashData([1]), hashes.AsSpan(64 + 18 + 50 + 50 + 18, 32).ToArray());
    }

    [Fact]
    public void MrtdDependsOnContentAddressAndOrder()
    {
        var content = Enumerable.Range(0, 5000).Select(i => (byte)i).ToArray();
        var section = new TdxSection(0xFFC00000, 8192, content, Measured: true, Added: true);
        var one = TdxMeasurement.Mrtd([section], TdxMeasureOrder.PerPage);
        Assert.NotEqual(one, TdxMeasurement.Mrtd([section], TdxMeasureOrder.PerSection));
        Assert.NotEqual(one, TdxMeasurement.Mrtd([section with { Address = 0xFFC01000 }], TdxMeasureOrder.PerPage));
        Assert.NotEqual(one, TdxMeasurement.Mrtd([section with { Measured = false }], TdxMeasureOrder.PerPage));
        Assert.Equal(SHA384.HashData([]), TdxMeasurement.Mrtd([section with { Added = false }], TdxMeasureOrder.PerPage));
        // One unmeasured page, written out by hand.
        var operation = new byte[128];
        "MEM.PAGE.ADD"u8.CopyTo(operation);
        BitConverter.GetBytes(0x1000UL).CopyTo(operation, 16);
        Assert.Equal(SHA384.HashData(operation), TdxMeasurement.Mrtd([new TdxSection(0x1000, 4096, default, false, true)], TdxMeasureOrder.PerPage));
        Assert.Equal(SHA384.HashData([.. new byte[48], .. one]), TdxMeasurement.Rtmr([one]));
        Assert.Null(TdxMeasurement.ReadSections(new byte[4096]));
        var random = new Random(1);
        for (var i = 0; i < 500; i++)
        {
            var noise = new byte[256];
            random.NextBytes(noise);
            new Guid("96b582de-1fb2-45f7-baea-a366c55a082d").TryWriteBytes(noise.AsSpan(208));
            TdxMeasurement.ReadSections(noise);
        }
    }
}
