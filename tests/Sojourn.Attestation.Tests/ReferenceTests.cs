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

    /// <summary>
    /// Known answer: the measurement that virtee/sev-snp-measure publishes in its tests (test_snp_ovmf_hash_gen) for an AmdSev firmware of this digest, empty kernel, initrd and command
    /// line, one EPYC-v4 processor. The sections are those of that firmware.
    /// </summary>
    [Fact]
    public void AMeasuredDirectBootGivesThePublishedMeasurement()
    {
        SnpSection[] sections =
        [
            new(0x800000, 0x9000, SnpSectionKind.Memory), new(0x80A000, 0x3000, SnpSectionKind.Memory), new(0x80D000, 0x1000, SnpSectionKind.Secrets), new(0x80E000, 0x1000, SnpSectionKind.Cpuid),
            new(0x80F000, 0x1000, SnpSectionKind.KernelHashes), new(0x810000, 0x10000, SnpSectionKind.Memory),
        ];
        var firmware = Convert.FromHexString("cab7e085874b3acfdbe2d96dcaa3125111f00c35c6fc9708464c2ae74bfdb048a198cb9a9ccae0b3e5e1a33f5f249819");
        var boot = new DirectBoot(default, default, "");
        var digest = SnpBoot.AddLaunchState(SnpLaunchDigest.ContinueFrom(firmware), sections, 0x80FC00, null, boot, 1, SnpSaveArea.Signature(23, 1, 2), 1);
        Assert.Equal("db06fb267824b1ccb56edbe2a9c2ce88841bca5090dc6dac91d9cd30f3c2c0bf42daccb30d55d6625bfbf0dae5c50c6d", Convert.ToHexStringLower(digest.Value));
        Assert.Equal(0x00A00F11u, SnpSaveArea.Signature(25, 1, 1));
    }

    [Fact]
    public void AFirmwareSaysWhatIsMeasuredBesideIt()
    {
        var image = Firmware();
        var firmware = SnpFirmware.TryRead(image)!;
        Assert.Equal(0xFFFFE000UL, firmware.Address);
        Assert.Equal(0x80FC00u, firmware.HashTableAddress);
        Assert.Equal(0x80B004u, firmware.ResetAddress);
        Assert.Equal(new SnpSection[] { new(0x800000, 0x2000, SnpSectionKind.Memory), new(0x80F000, 0x1000, SnpSectionKind.KernelHashes) }, firmware.Sections);
        var boot = new DirectBoot(new byte[] { 1 }, new byte[] { 2 }, "console=ttyS0");
        var one = SnpBoot.Measure(firmware, boot, 1, 0xA00F11);
        var byHand = new SnpLaunchDigest().AddNormal(0xFFFFE000, image).AddZero(0x800000, 0x2000).AddNormal(0x80F000, SnpLaunchDigest.KernelHashesPage([1], [2], "console=ttyS0", 0xC00))
            .AddVmsa(SnpSaveArea.Qemu(0xFFFFFFF0, 0xA00F11));
        Assert.Equal(byHand.Value.ToArray(), one);
        Assert.Equal(byHand.AddVmsa(SnpSaveArea.Qemu(0x80B004, 0xA00F11)).Value.ToArray(), SnpBoot.Measure(firmware, boot, 2, 0xA00F11));
        foreach (var other in new[] { boot with { CommandLine = "" }, boot with { Kernel = default }, boot with { InitialFileSystem = default }, null })
        {
            Assert.NotEqual(one, SnpBoot.Measure(firmware, other, 1, 0xA00F11));
        }

        Assert.NotEqual(one, SnpBoot.Measure(firmware, boot, 1, 0xA10F10));
        Assert.Throws<ArgumentException>(() => SnpBoot.Measure(firmware, boot, 0, 1));
        Assert.Null(SnpFirmware.TryRead(new byte[8192]));
        Assert.Null(SnpFirmware.TryRead(image.AsMemory(1)));
        var random = new Random(3);
        for (var i = 0; i < 2000; i++)
        {
            var noise = image.ToArray();
            for (var k = 0; k < 4; k++)
            {
                noise[noise.Length - 1 - random.Next(400)] = (byte)random.Next(256);
            }

            SnpFirmware.TryRead(noise);
            TdxMeasurement.ReadSections(noise);
        }
    }

    /// <summary>Two pages that end like an OVMF image: metadata, then the table of entries, then the reset vector's 32 bytes.</summary>
    internal static byte[] Firmware()
    {
        var image = new byte[8192];
        new Random(1).NextBytes(image.AsSpan(0, 4096));
        byte[] Section(uint address, uint length, uint kind) => [.. BitConverter.GetBytes(address), .. BitConverter.GetBytes(length), .. BitConverter.GetBytes(kind)];
        byte[] metadata = [.. "ASEV"u8, .. BitConverter.GetBytes(40), .. BitConverter.GetBytes(1), .. BitConverter.GetBytes(2), .. Section(0x800000, 0x2000, 1), .. Section(0x80F000, 0x1000, 0x10)];
        metadata.CopyTo(image, 8192 - 512);
        byte[] Entry(string guid, uint value) => [.. BitConverter.GetBytes(value), .. BitConverter.GetBytes((ushort)22), .. new Guid(guid).ToByteArray()];
        byte[] entries =
        [
            .. Entry("7255371f-3a3b-4b04-927b-1da6efa8d454", 0x80FC00), .. Entry("00f771de-1a7e-4fcb-890e-68c77e2fb44e", 0x80B004), .. Entry("dc886566-984a-4798-a75e-5585a7bf67cc", 512),
        ];
        byte[] table = [.. entries, .. BitConverter.GetBytes((ushort)(entries.Length + 18)), .. new Guid("96b582de-1fb2-45f7-baea-a366c55a082d").ToByteArray()];
        table.CopyTo(image, 8192 - 32 - table.Length);
        return image;
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
