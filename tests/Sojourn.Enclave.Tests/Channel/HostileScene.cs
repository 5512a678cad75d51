using System.Text;
using Sojourn.Enclave.Tests.Harness;
using Sojourn.Primitives;
using Sojourn.Protocol.Jobs;
using Sojourn.Protocol.Receipts;

namespace Sojourn.Enclave.Tests.Channel;

/// <summary>One sealed job over sealed data with markers in both, its honest end, and what must hold however a host behaves.</summary>
internal sealed class HostileScene : IDisposable
{
    public const string DataMarker = "MARKER-DATA-PLANTED";

    public HostileScene()
    {
        Scene = new Scene();
        Scene.Code = Scene.SealedCode(CopyGuest.Module);
        Data = [.. Encoding.ASCII.GetBytes(DataMarker), .. Scene.RandomBytes(3000)];
        Input = Scene.SealedData(Data);
        Scene.Spec = new JobSpec
        {
            Name = "hostile host",
            Inputs = [new JobInput("table", Input, true)],
            Recipients = [Scene.Requester.Sealing.Public.Bytes],
            OutputBytesMax = 1 << 16,
        };
        Honest = new Host(Scene).Run();
        Assert.True(Honest.Outcome is not null, Honest.Refusal?.Words);
        AssertNothingObtained(Honest);
    }

    public Scene Scene { get; }

    public byte[] Data { get; }

    public Cid Input { get; }

    public Ending Honest { get; }

    /// <summary>
    /// Nothing obtained: no marker and no key in any byte that the enclave said; and either the job's one true answer, signed over this job's terms, or a refusal by a closed
    /// reason, or silence because the host hung up.
    /// </summary>
    public void AssertNothingObtained(Ending ending)
    {
        Assert.True(ending.Said.AsSpan().IndexOf(Encoding.ASCII.GetBytes(DataMarker)) < 0, "plaintext of the data left the enclave");
        Assert.True(ending.Said.AsSpan().IndexOf(Encoding.ASCII.GetBytes(CopyGuest.Marker)) < 0, "plaintext of the code left the enclave");
        foreach (var key in Scene.Keys)
        {
            using var lease = key.Lend();
            Assert.True(ending.Said.AsSpan().IndexOf(lease.Span) < 0, "a content key left the enclave");
        }

        Assert.True(ending.Exit is Conversation.Answered or Conversation.Refused or Conversation.Broken, $"exit {ending.Exit}: {ending.Refusal?.Words}");
        if (ending.Outcome is { } outcome)
        {
            Assert.True(JobReceipt.TryDecode(outcome.Receipt.Span, out var receipt, out _));
            Assert.Equal((Scene.Job, Scene.Code, Scene.Spec.Cid, Scene.Beacon, Scene.Executor), (receipt!.Job, receipt.Code, receipt.Spec, receipt.Beacon, receipt.Executor));
            Assert.Equal(Honest?.Outcome?.Statement.Tag ?? outcome.Statement.Tag, outcome.Statement.Tag);
            Assert.Equal(0u, outcome.Statement.Exit);
        }
        else if (ending.Exit == Conversation.Refused)
        {
            Assert.NotNull(ending.Refusal);
            Assert.True(Enum.IsDefined(ending.Refusal.Reason));
        }
    }

    public void Dispose() => Scene.Dispose();
}
