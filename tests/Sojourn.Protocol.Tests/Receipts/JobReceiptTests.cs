using System.Security.Cryptography;
using Sojourn.Primitives;
using Sojourn.Primitives.Cose;
using Sojourn.Protocol.Checks;
using Sojourn.Protocol.Receipts;
using Sojourn.Protocol.Releases;

namespace Sojourn.Protocol.Tests.Receipts;

public sealed class JobReceiptTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_receipt_reads_back_as_it_was_signed_with_and_without_a_checker(bool hasChecker)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var point = ReceiptKeys.Compress(key);
        var receipt = Receipt() with { Checked = hasChecker ? new CheckerReport(Cid.ForRaw("checker"u8), true, Digest.Of("report"u8)) : null };
        var message = receipt.Sign(key, point);
        Assert.Equal(CoseFault.None, JobReceipt.Verify(message, point));
        Assert.True(JobReceipt.TryDecode(message, out var read, out var named));
        Assert.Equal(point, named);
        Assert.Equal(receipt.Checked, read!.Checked);
        Assert.Equal((receipt.Job, receipt.Output, receipt.Tag, receipt.Exit, receipt.Fuel, receipt.Started), (read.Job, read.Output, read.Tag, read.Exit, read.Fuel, read.Started));
        Assert.Equal(receipt.Guards.ToArray(), read.Guards.ToArray());

        // No byte of it can be another one.
        for (var at = 0; at < message.Length; at++)
        {
            var changed = message.ToArray();
            changed[at] ^= 1;
            Assert.False(JobReceipt.Verify(changed, point) == CoseFault.None && JobReceipt.TryDecode(changed, out _, out var other) && other.AsSpan().SequenceEqual(point), $"byte {at} can be changed");
        }
    }

    [Fact]
    public void A_label_that_is_not_there_is_null()
    {
        Assert.Null(CoseMap.Empty[-70019]);
        Assert.Null(CoseMap.Empty.GetBytes(-70019));
    }

    [Fact]
    public void What_is_wrapped_to_a_machine_opens_with_its_secret_alone()
    {
        using var machine = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
        var q = machine.ExportParameters(false).Q;
        byte[] point = [4, .. q.X!, .. q.Y!];
        var inner = RandomNumberGenerator.GetBytes(113);
        var outer = MachineWrap.Wrap(point, inner);
        var other = MachineWrap.PointOf(outer)!.Value.Span;
        using var ephemeral = ECDiffieHellman.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, Q = new ECPoint { X = other[1..33].ToArray(), Y = other[33..].ToArray() } });
        var secret = machine.DeriveRawSecretAgreement(ephemeral.PublicKey);
        Assert.Equal(inner, MachineWrap.Open(secret, point, outer));
        Assert.NotEqual(outer, MachineWrap.Wrap(point, inner));
        for (var at = 0; at < outer.Length; at++)
        {
            var changed = outer.ToArray();
            changed[at] ^= 1;
            Assert.Null(MachineWrap.Open(secret, point, changed));
        }

        secret[0] ^= 1;
        Assert.Null(MachineWrap.Open(secret, point, outer));
        Assert.Null(MachineWrap.Open(secret, point, outer.AsSpan(0, 80)));
        Assert.Null(MachineWrap.PointOf(new byte[81]));
    }

    private static JobReceipt Receipt() => new()
    {
        Genesis = Digest.Of("genesis"u8),
        Job = Digest.Of("job"u8),
        Round = 1,
        Executor = new Address(Enumerable.Repeat((byte)7, 20).ToArray()),
        Beacon = Digest.Of("beacon"u8),
        Spec = Cid.ForDagCbor([0xA0]),
        Code = Cid.ForRaw("code"u8),
        Inputs = [Cid.ForRaw("input"u8)],
        Output = Cid.ForRaw("output"u8),
        Tag = Digest.Of("tag"u8),
        Exit = 3,
        Fuel = 12345,
        Engine = "engine/1",
        Deterministic = true,
        Admission = Digest.Of("admission"u8),
        Evidence = Digest.Of("evidence"u8),
        Guards = [new GuardVerdict(Cid.ForRaw("guard"u8), GuardDecision.Strike, 17)],
        Started = DateTimeOffset.UnixEpoch.AddDays(20_000),
        Signed = DateTimeOffset.UnixEpoch.AddDays(20_000),
    };
}
