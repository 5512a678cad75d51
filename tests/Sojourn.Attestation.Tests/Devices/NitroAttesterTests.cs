using Sojourn.Attestation.Devices;
using Sojourn.Attestation.Devices.Nitro;
using Sojourn.Primitives.Cbor;

namespace Sojourn.Attestation.Tests.Devices;

public sealed class NitroAttesterTests
{
    [Fact]
    public async Task TheRequestCarriesTheReportDataAndTheDocumentComesBack()
    {
        var data = ReportData.Compute(Bindings.Sample());
        var module = new Module(new CborWriter().BeginMap().WriteKey("Attestation").BeginMap().WriteKey("document").WriteBytes([1, 2, 3]).EndMap().EndMap().ToArray());
        var evidence = await new NitroAttester(module).AttestAsync(data, default);
        Assert.Equal([1, 2, 3], evidence[EvidencePart.Report].ToArray());
        var reader = new CborReader(module.Request);
        reader.ReadMapHeaderExactly(1);
        reader.ReadKey("Attestation");
        var found = false;
        var count = reader.ReadMapHeader();
        for (var i = 0; i < count; i++)
        {
            if (reader.ReadText() == "user_data")
            {
                found = reader.ReadBytes().SequenceEqual(data.Bytes);
            }
            else
            {
                reader.Skip();
            }
        }

        Assert.True(found);
    }

    [Fact]
    public async Task ErrorsAndNoiseAreErrors()
    {
        var data = ReportData.ForChallenge("x"u8);
        var refused = await Assert.ThrowsAsync<AttestationDeviceException>(async () => await new NitroAttester(new Module(new CborWriter().BeginMap().WriteKey("Error").WriteText("InvalidOperation").EndMap().ToArray())).AttestAsync(data, default));
        Assert.Contains("InvalidOperation", refused.Message, StringComparison.Ordinal);
        var random = new Random(3);
        for (var i = 0; i < 1000; i++)
        {
            var noise = new byte[random.Next(0, 64)];
            random.NextBytes(noise);
            await Assert.ThrowsAsync<AttestationDeviceException>(async () => await new NitroAttester(new Module(noise)).AttestAsync(data, default));
        }

        Assert.Throws<AttestationDeviceException>(() => new NsmDevice("/nonexistent/nsm"));
    }

    private sealed class Module(byte[] answer) : INsmDevice
    {
        public byte[] Request { get; private set; } = [];

        public byte[] Exchange(ReadOnlySpan<byte> request)
        {
            Request = request.ToArray();
            return answer;
        }
    }
}
