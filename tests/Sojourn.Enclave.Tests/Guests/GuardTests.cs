using System.Text;
using Sojourn.Enclave.Tests.Harness;
using Sojourn.Protocol.Jobs;
using Sojourn.Protocol.Transactions;
using Sojourn.Wasm.Text;

namespace Sojourn.Enclave.Tests.Guests;

/// <summary>Guards against outputs that were made to fool them, and guards that misbehave themselves.</summary>
public sealed class GuardTests
{
    private static readonly byte[] MinGroupSize = File.ReadAllBytes(Path.Combine(Testing.Vectors.Checkout, "guests", "guards", "min-group-size.wasm"));

    public static TheoryData<string> Malformed =>
    [
        "", "count", "group,count\nx", "group,count\nx,", "group,count\nx,-1\n", "group,count\nx,99999999999999999999\n", "group,count\n\"x,5\n", "group,count\nx,5e9\n", "group,COUNT\nx,50\n",
        "count,count\n1,50\n", "group,count\nx, 50\n", "group,count\nx,50 secret\n", "group,count\r\nx,3\r\n", "group,count\nx,0x50\n", "group,count\nx,3\0\n", "group,\"count\"\nx,3\n",
        new string('a', 70_000) + ",count\nx,50\n",
    ];

    /// <summary>No output with a small group, however it is dressed, comes out with that group.</summary>
    [Theory]
    [MemberData(nameof(Malformed))]
    public async Task A_malformed_output_is_refused_or_struck(string output)
    {
        var (ending, files) = await Run(output);
        if (ending.Outcome is null)
        {
            Assert.Equal(FailReason.PolicyRefused, ending.Refusal!.Reason);
            return;
        }

        Assert.DoesNotContain("secret", Encoding.UTF8.GetString(files["result"]), StringComparison.Ordinal);
        Assert.DoesNotContain(Encoding.UTF8.GetString(files["result"]).Split('\n').Skip(1), line => line.Contains(",3", StringComparison.Ordinal) || line.EndsWith(',') || line == "x");
    }

    [Fact]
    public async Task A_proper_table_passes_without_its_small_groups()
    {
        var (ending, files) = await Run("group,count\nlarge,50\nsmall,3\n");
        Assert.True(ending.Outcome is not null, ending.Refusal?.Words);
        Assert.Equal("group,count\nlarge,50\n", Encoding.UTF8.GetString(files["result"]));
    }

    [Theory]
    [InlineData("pass\\npass\\n")]
    [InlineData("pass\\nstrike result 0 1\\n")]
    [InlineData("strike result 0 99999\\npass\\n")]
    [InlineData("strike nothing 0 1\\npass\\n")]
    [InlineData("strike result -1 1\\npass\\n")]
    [InlineData("strike result 0 18446744073709551615\\npass\\n")]
    [InlineData("refuse 1\\n")]
    [InlineData("PASS\\n")]
    [InlineData("")]
    [InlineData("pass\\nthe other owner's data")]
    public async Task A_guard_that_says_anything_else_refuses(string said)
    {
        var guard = Wat.ToBinary($$"""
            (module
              (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
              (memory (export "memory") 1)
              (data (i32.const 64) "{{said.Replace("\\n", "\\0a", StringComparison.Ordinal)}}")
              (func (export "_start")
                (i32.store (i32.const 0) (i32.const 64)) (i32.store (i32.const 4) (i32.const {{said.Replace("\\n", "n", StringComparison.Ordinal).Length}}))
                (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))
            """);
        var (ending, _) = await Run("group,count\nx,50\n", guard);
        Assert.Equal(FailReason.PolicyRefused, ending.Refusal!.Reason);
        Assert.True(ending.Said.AsSpan().IndexOf("the other owner"u8) < 0);
    }

    [Theory]
    [InlineData("""(module (func (export "_start") (unreachable)))""")]
    [InlineData("""(module (func (export "_start") (loop $l (br $l))))""")]
    [InlineData("""(module (import "wasi_snapshot_preview1" "proc_exit" (func $e (param i32))) (func (export "_start") (call $e (i32.const 1))))""")]
    [InlineData("""(module (import "env" "fork" (func)) (func (export "_start")))""")]
    [InlineData("""(module)""")]
    public async Task A_guard_that_crashes_or_does_not_end_refuses(string module)
    {
        var (ending, _) = await Run("group,count\nx,50\n", Wat.ToBinary(module));
        Assert.True(ending.Refusal?.Reason is FailReason.PolicyRefused or FailReason.CodeInvalid, ending.Refusal?.Words);
    }

    /// <summary>Two owners, two guards: both must pass, and the second sees what the first left.</summary>
    [Fact]
    public async Task Every_owners_guard_is_asked()
    {
        var refuses = Wat.ToBinary("""(module (func (export "_start")))""");
        var (ending, _) = await Run("group,count\nx,50\n", null, refuses);
        Assert.Equal(FailReason.PolicyRefused, ending.Refusal!.Reason);
    }

    private static async Task<(Ending Ending, IReadOnlyDictionary<string, byte[]> Files)> Run(string output, byte[]? guard = null, byte[]? second = null)
    {
        using var scene = new Scene();
        scene.Code = scene.Plain(CopyGuest.Module);
        scene.Guards = [scene.Guard(guard ?? MinGroupSize, "5"), .. second is null ? [] : new[] { scene.Guard(second) }];
        scene.Code = scene.Plain(Scene.Probe);
        scene.Spec = new JobSpec
        {
            Name = "guarded",
            Arguments = ["copy", "/in/table", "/output/result"],
            Inputs = [new JobInput("table", scene.SealedData(Encoding.UTF8.GetBytes(output)), false)],
            Recipients = [scene.Requester.Sealing.Public.Bytes],
            OutputBytesMax = 1 << 20,
        };
        var ending = new Host(scene).Run();
        return (ending, ending.Outcome is null ? new Dictionary<string, byte[]>() : await scene.OpenAsync(ending.Outcome.Output, ending.Stored));
    }
}
