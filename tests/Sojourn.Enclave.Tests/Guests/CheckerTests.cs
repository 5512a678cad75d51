using System.Buffers.Binary;
using System.Text;
using Sojourn.Content;
using Sojourn.Content.Codecs;
using Sojourn.Content.UnixFs;
using Sojourn.Enclave.Tests.Harness;
using Sojourn.Primitives;
using Sojourn.Protocol.Checks;
using Sojourn.Protocol.EnclaveChannel;
using Sojourn.Protocol.Guards;
using Sojourn.Protocol.Jobs;
using Sojourn.Protocol.Receipts;
using Sojourn.Protocol.Transactions;
using Sojourn.Wasm.Text;

namespace Sojourn.Enclave.Tests.Guests;

/// <summary>Checkers inside an enclave: what they see, what leaves of them, and what a host obtains that asks for checks of its own.</summary>
public sealed class CheckerTests
{
    private static readonly byte[] Module = File.ReadAllBytes(Path.Combine(Testing.Vectors.Checkout, "guests", "checkers", "column-total.wasm"));
    private const string Rows = "ward\na\nb\nc\n";

    [Theory]
    [InlineData("count\n1\n2\n", true)]
    [InlineData("count\n1\n3\n", false)]
    [InlineData("other\n3\n", false)]
    public void An_executors_enclave_runs_the_checker_and_signs_what_it_said(string output, bool right)
    {
        using var scene = Public(output, out var checker);
        var ending = new Host(scene).Run(scene.Assign(terms => terms with { Checker = checker }));
        Assert.True(JobReceipt.TryDecode(ending.Outcome!.Receipt.Span, out var receipt, out _));
        Assert.Equal((checker, right), (receipt!.Checked!.Checker, receipt.Checked.Accepted));
        Assert.NotEqual(CheckerReport.DigestOf(scene.Job, right, []), receipt.Checked.Report);

        // A verifier's own enclave, over that public output, says the same.
        var answer = Check(scene, ending.Stored, ending.Outcome.Output, out _);
        Assert.Equal((right, receipt.Checked.Report), (answer!.Value.Accepted, answer.Value.Report));
    }

    [Fact]
    public void Another_output_gets_another_verdict_and_a_swapped_block_none()
    {
        using var scene = Public("count\n3\n", out var checker);
        var ending = new Host(scene).Run(scene.Assign(terms => terms with { Checker = checker }));
        var stored = ending.Stored;
        var wrong = Folder(stored, ("result.csv", Encoding.UTF8.GetBytes("count\n99\n")));
        Assert.False(Check(scene, stored, wrong, out _)!.Value.Accepted);

        // The blocks of that output under the name of this one.
        var refused = Check(scene, new Swapped(stored, ending.Outcome!.Output, wrong), ending.Outcome.Output, out var refusal);
        Assert.Null(refused);
        Assert.Equal(FailReason.ContentBroken, refusal!.Reason);
    }

    [Fact]
    public void Of_a_sealed_job_one_bit_leaves_and_a_check_of_a_hosts_own_is_refused()
    {
        using var scene = Public("count\n3\n", out var checker);
        var data = scene.SealedData(Encoding.UTF8.GetBytes("count\n3\n"));
        scene.Spec = scene.Spec with { Inputs = [new JobInput("result", data), scene.Spec.Inputs[1]], Recipients = [scene.Requester.Sealing.Public.Bytes] };
        var ending = new Host(scene).Run(scene.Assign(terms => terms with { Checker = checker }));
        Assert.True(JobReceipt.TryDecode(ending.Outcome!.Receipt.Span, out var receipt, out _), ending.Refusal?.Words);
        Assert.True(receipt!.Checked!.Accepted);
        Assert.Equal(CheckerReport.DigestOf(scene.Job, true, []), receipt.Checked.Report);

        Assert.Null(Check(scene, ending.Stored, ending.Outcome.Output, out var refusal));
        Assert.Equal(FailReason.PolicyRefused, refusal!.Reason);
    }

    /// <summary>Of sealed inputs a checker sees those whose policy names it; the others are not there.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_sealed_input_is_shown_to_a_checker_that_its_policy_names(bool named)
    {
        using var scene = Public("count\n3\n", out var checker);
        var rows = scene.SealedData(Encoding.UTF8.GetBytes(Rows), policy => policy with { Code = named ? [.. policy.Code, checker] : policy.Code });
        scene.Spec = scene.Spec with { Inputs = [scene.Spec.Inputs[0], new JobInput("rows", rows)] };
        var ending = new Host(scene).Run(scene.Assign(terms => terms with { Checker = checker }));
        Assert.True(JobReceipt.TryDecode(ending.Outcome!.Receipt.Span, out var receipt, out _), ending.Refusal?.Words);
        Assert.Equal(named, receipt!.Checked!.Accepted);
    }

    [Theory]
    [InlineData("""(module (func (export "_start") (unreachable)))""")]
    [InlineData("""(module (func (export "_start") (loop $l (br $l))))""")]
    [InlineData("""(module (import "wasi_snapshot_preview1" "proc_exit" (func $e (param i32))) (func (export "_start") (call $e (i32.const 256))))""")]
    [InlineData("""(module)""")]
    public void A_checker_that_crashes_or_does_not_end_rejects(string module)
    {
        using var scene = Public("count\n3\n", out _);
        scene.FuelMax = 200_000_000;
        var ending = new Host(scene).Run(scene.Assign(terms => terms with { Checker = scene.Plain(Wat.ToBinary(module)) }));
        Assert.True(JobReceipt.TryDecode(ending.Outcome!.Receipt.Span, out var receipt, out _), ending.Refusal?.Words);
        Assert.False(receipt!.Checked!.Accepted);
    }

    // A job that copies its input to /output/result.csv; rows are its second input.
    private static Scene Public(string output, out Cid checker)
    {
        var scene = new Scene { FuelMax = 1_000_000_000 };
        scene.Code = scene.Plain(Scene.Probe);
        scene.Spec = new JobSpec
        {
            Name = "checked",
            Arguments = ["copy", "/in/result", "/output/result.csv"],
            Inputs = [new JobInput("result", scene.Plain(Encoding.UTF8.GetBytes(output))), new JobInput("rows", scene.Plain(Encoding.UTF8.GetBytes(Rows)))],
            OutputBytesMax = 1 << 20,
        };
        checker = scene.Guard(Module, "/output/result.csv", "count", "/in/rows");
        return scene;
    }

    private static CheckAnswer? Check(Scene scene, IBlockSource stored, Cid output, out EnclaveRefusal? refusal)
    {
        var task = new CheckTask(scene.Genesis, scene.Post.Encoded, output);
        var ending = new Host(scene) { Tamper = (number, type, payload) => [Host.Encode(number == 0 ? MessageType.Check : type, number == 0 ? task.Encode() : payload)], Further = stored }
            .Run(new Assignment(scene.Genesis, scene.Post.Encoded, scene.Beacon, 0, scene.Executor, DateTimeOffset.UnixEpoch));
        refusal = ending.Refusal;
        for (var at = 0; at + FrameLimits.HeaderLength <= ending.Said.Length;)
        {
            var length = BinaryPrimitives.ReadInt32LittleEndian(ending.Said.AsSpan(at));
            if ((MessageType)ending.Said[at + 4] == MessageType.Checked)
            {
                return CheckAnswer.Decode(ending.Said.AsSpan(at + FrameLimits.HeaderLength, length));
            }

            at += FrameLimits.HeaderLength + length;
        }

        return null;
    }

    private static Cid Folder(IBlockSink sink, params (string Name, byte[] Content)[] files)
    {
        var links = new List<PbLink>();
        foreach (var (name, content) in files)
        {
            var block = Block.Create(Multicodec.Raw, content);
            sink.PutAsync(block).AsTask().GetAwaiter().GetResult();
            links.Add(new PbLink(block.Cid, name, (ulong)content.Length));
        }

        var folder = Block.Create(Multicodec.DagPb, DagPb.Encode(new UnixFsData { Type = UnixFsType.Directory }.Encode(), links));
        sink.PutAsync(folder).AsTask().GetAwaiter().GetResult();
        return folder.Cid;
    }

    private sealed class Swapped(IBlockSource inner, Cid asked, Cid given) : IBlockSource
    {
        public async ValueTask<Block?> GetAsync(Cid cid, CancellationToken cancellationToken = default) =>
            cid != asked ? await inner.GetAsync(cid, cancellationToken) : new Block(asked, (await inner.GetAsync(given, cancellationToken))!.Data);
    }
}
