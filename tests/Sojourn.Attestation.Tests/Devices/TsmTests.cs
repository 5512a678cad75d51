using System.Buffers.Binary;
using Sojourn.Attestation.Devices;
using Sojourn.Attestation.Devices.ConfigFs;

namespace Sojourn.Attestation.Tests.Devices;

public sealed class TsmTests
{
    private const string Root = "/sys/kernel/config/tsm/report";

    [Fact]
    public async Task TheReportCarriesTheDataAndTheFolderGoes()
    {
        var fake = new FakeTsm("sev_guest", data => [.. "report of "u8, .. data], []);
        var data = ReportData.Compute(Bindings.Sample());
        var evidence = await new TsmAttester(EvidenceKind.SevSnp, fake).AttestAsync(data, default);
        Assert.Equal((byte[])[.. "report of "u8, .. data.Bytes], evidence[EvidencePart.Report].ToArray());
        Assert.True(evidence.Has(EvidencePart.Binding));
        Assert.False(evidence.Has(EvidencePart.Certificates));
        Assert.Equal(0, fake.Open);
    }

    [Fact]
    public async Task AWriteInBetweenIsNoticedAndAskedAgain()
    {
        var races = 0;
        var fake = new FakeTsm("tdx_guest", data => data, [])
        {
            BeforeRead = (tsm, folder) =>
            {
                if (races++ < 3)
                {
                    tsm.Write($"{folder}/inblob", new byte[64]);
                }
            },
        };
        var data = ReportData.Compute(Bindings.Sample());
        var evidence = await new TsmAttester(EvidenceKind.Tdx, fake).AttestAsync(data, default);
        Assert.Equal(data.Bytes.ToArray(), evidence[EvidencePart.Report].ToArray());
        Assert.Equal(4, fake.Reads);
    }

    [Fact]
    public async Task EndlessRacesARefusingKernelAndAnotherPlatformAreErrors()
    {
        var data = ReportData.Compute(Bindings.Sample());
        var racing = new FakeTsm("tdx_guest", d => d, []) { BeforeRead = (tsm, folder) => tsm.Write($"{folder}/inblob", new byte[1]) };
        await Assert.ThrowsAsync<AttestationDeviceException>(async () => await new TsmAttester(EvidenceKind.Tdx, racing).AttestAsync(data, default));
        Assert.Equal(0, racing.Open);

        var refusing = new FakeTsm("tdx_guest", _ => throw new IOException("No such device"), []);
        await Assert.ThrowsAsync<AttestationDeviceException>(async () => await new TsmAttester(EvidenceKind.Tdx, refusing).AttestAsync(data, default));
        Assert.Equal(0, refusing.Open);

        var other = new FakeTsm("arm_cca_guest", d => d, []);
        await Assert.ThrowsAsync<AttestationDeviceException>(async () => await new TsmAttester(EvidenceKind.Tdx, other).AttestAsync(data, default));
        var wrong = new FakeTsm("tdx_guest", d => d, []);
        await Assert.ThrowsAsync<AttestationDeviceException>(async () => await new TsmAttester(EvidenceKind.SevSnp, wrong).AttestAsync(data, default));
        await Assert.ThrowsAsync<AttestationDeviceException>(async () => await new TsmAttester(EvidenceKind.Tdx, new KernelTsmFileSystem(), "/nonexistent/tsm").AttestAsync(data, default));
    }

    [Fact]
    public void TheHostsCertificateTableIsReadLeafFirst()
    {
        byte[] leaf = [1, 2, 3], ask = [4, 5];
        var table = new byte[72 + 5];
        Entry(table, 0, "4ab7b379-bbac-4fe4-a02f-05aef327c782", 72, ask.Length);
        Entry(table, 24, "63da758d-e664-4564-adc5-f4b93be8accd", 74, leaf.Length);
        ask.CopyTo(table, 72);
        leaf.CopyTo(table, 74);
        Assert.Equal([1, 2, 3, 4, 5], SnpCertificateTable.Certificates(table));

        Entry(table, 24, "63da758d-e664-4564-adc5-f4b93be8accd", 74, 1000);
        Assert.Empty(SnpCertificateTable.Certificates(table));
        var random = new Random(5);
        for (var i = 0; i < 2000; i++)
        {
            var noise = new byte[random.Next(0, 200)];
            random.NextBytes(noise);
            SnpCertificateTable.Certificates(noise);
        }
    }

    private static void Entry(byte[] table, int at, string guid, int offset, int length)
    {
        new Guid(guid).TryWriteBytes(table.AsSpan(at), bigEndian: true, out _);
        BinaryPrimitives.WriteInt32LittleEndian(table.AsSpan(at + 16), offset);
        BinaryPrimitives.WriteInt32LittleEndian(table.AsSpan(at + 20), length);
    }
}
