using System.Text;
using Sojourn.Enclave.Guarding;
using Sojourn.Enclave.Running;
using Sojourn.Enclave.Tests.Harness;
using Sojourn.Primitives;
using Sojourn.Protocol.Jobs;
using Sojourn.Protocol.Transactions;
using Sojourn.Wasm;
using Sojourn.Wasm.Text;

namespace Sojourn.Enclave.Tests.Guests;

/// <summary>
/// Guests that try to get out, or to make the enclave tell what it should not. Each attempt is a mode of <c>guests/probe</c>, or a module written for it; each ends in a denied
/// call, a named trap, or a named refusal.
/// </summary>
public sealed class EscapeTests
{
    private const uint Trap = GuestEngine.TrapBit;

    [Theory]
    [InlineData("files")]
    [InlineData("network")]
    [InlineData("pointers")]
    [InlineData("names")]
    public void Every_attempt_is_denied(string mode)
    {
        var (ending, files) = Run([mode]);
        // A pointer beyond memory may trap instead of giving an error number: both are refusals.
        Assert.True(ending.Outcome is not null, ending.Refusal?.Words);
        Assert.DoesNotContain("escaped", Log(files), StringComparison.Ordinal);
        Assert.True(ending.Outcome.Statement.Exit == 0 || ending.Outcome.Statement.Exit == (Trap | (uint)TrapKind.MemoryOutOfBounds), $"exit {ending.Outcome.Statement.Exit:x}: {Log(files)}");
    }

    [Fact]
    public void Time_and_randomness_are_the_jobs_own_and_the_environment_is_empty()
    {
        var (first, files) = Run(["curious"]);
        Assert.Equal(0u, first.Outcome!.Statement.Exit);
        Assert.DoesNotContain("escaped", Log(files), StringComparison.Ordinal);
        // Another job: other randomness.
        Assert.NotEqual(Log(files), Log(Run(["curious"]).Files));
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        Assert.DoesNotContain($"time {now / 100}", Log(files), StringComparison.Ordinal);
    }

    /// <summary>The same job on another machine, later: the same bytes, fuel and tag.</summary>
    [Fact]
    public void A_job_is_the_same_wherever_it_runs()
    {
        using var scene = new Scene();
        scene.Code = scene.Plain(Scene.Probe);
        scene.Spec = new JobSpec { Name = "same", Arguments = ["curious"], Inputs = [new JobInput("table", scene.SealedData([1, 2, 3]), false)] };
        var (first, second) = (new Host(scene).Run().Outcome!, new Host(scene).Run().Outcome!);
        Assert.Equal((first.Statement.Tag, first.Statement.Fuel, first.Output), (second.Statement.Tag, second.Statement.Fuel, second.Output));
    }

    [Fact]
    public void Sleeping_costs_no_time_of_the_machine()
    {
        var start = System.Diagnostics.Stopwatch.GetTimestamp();
        var (ending, _) = Run(["sleep"]);
        Assert.Equal(0u, ending.Outcome!.Statement.Exit);
        // A thousand days, and the limit of this wait is the harness's minute.
        Assert.True(System.Diagnostics.Stopwatch.GetElapsedTime(start) < TimeSpan.FromMinutes(1));
    }

    [Theory]
    [InlineData("file")]
    [InlineData("files")]
    [InlineData("sparse")]
    [InlineData("log")]
    [InlineData("descriptors")]
    public void Huge_output_stops_at_its_limit(string how)
    {
        var (ending, files) = Run(["huge", how], fuel: 200_000_000_000);
        if (ending.Outcome is { } outcome)
        {
            Assert.True(outcome.Statement.Exit == 0, $"exit {outcome.Statement.Exit:x}: {Log(files)}");
            Assert.True(files.Sum(file => file.Value.LongLength) <= 1 << 20, "more came out than the job allows");
        }
        else
        {
            Assert.Equal(FailReason.PolicyRefused, ending.Refusal!.Reason);
        }
    }

    [Theory]
    [InlineData("loop")]
    [InlineData("bulk")]
    [InlineData("host")]
    [InlineData("random")]
    [InlineData("yield")]
    public void Work_without_end_runs_out_of_fuel(string how)
    {
        var (ending, _) = Run(["fuel", how], fuel: 50_000_000);
        Assert.Equal(Trap | (uint)TrapKind.FuelExhausted, ending.Outcome!.Statement.Exit);
        Assert.Equal(50_000_000UL, ending.Outcome.Statement.Fuel);
    }

    [Fact]
    public void Work_that_fuel_allows_but_time_does_not_is_interrupted()
    {
        var (ending, _) = Run(["fuel", "loop"], fuel: ulong.MaxValue / 4, time: TimeSpan.FromMilliseconds(300));
        Assert.Equal(Trap | (uint)TrapKind.Interrupted, ending.Outcome!.Statement.Exit);
    }

    [Fact]
    public void Memory_ends_where_the_job_said()
    {
        var (ending, files) = Run(["memory"], memory: 32, fuel: 20_000_000_000);
        Assert.Equal(0u, ending.Outcome!.Statement.Exit);
        var got = int.Parse(Log(files).Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture);
        Assert.InRange(got, 1, 32);
    }

    [Theory]
    [InlineData("divide", TrapKind.Unreachable)]
    [InlineData("memory", TrapKind.MemoryOutOfBounds)]
    [InlineData("abort", TrapKind.Unreachable)]
    [InlineData("call", TrapKind.TableOutOfBounds)]
    [InlineData("stack", TrapKind.StackExhausted)]
    public void A_crash_is_a_trap_with_a_name(string how, TrapKind kind)
    {
        var (ending, _) = Run(["crash", how]);
        // What the compiler makes of a division by zero is its own; that it ends in a trap is not.
        var exit = ending.Outcome!.Statement.Exit;
        Assert.True(exit == (Trap | (uint)kind) || (exit & Trap) != 0 && how is "divide" or "stack", $"exit {exit:x}");
    }

    [Fact]
    public void A_storm_of_traps_leaves_the_next_job_unharmed()
    {
        var storm = Wat.ToBinary("""(module (memory (export "memory") 1) (func $f (unreachable)) (start $f) (func (export "_start")))""");
        for (var i = 0; i < 200; i++)
        {
            Assert.Equal(Trap | (uint)TrapKind.Unreachable, Run([], program: storm).Ending.Outcome!.Statement.Exit);
        }

        Assert.Equal(0u, Run(["names"]).Ending.Outcome!.Statement.Exit);
    }

    public static TheoryData<string, string> Unlinkable => new()
    {
        { "fork", """(module (import "env" "fork" (func (result i32))) (func (export "_start")))""" },
        { "signals", """(module (import "env" "kill" (func (param i32 i32) (result i32))) (func (export "_start")))""" },
        { "system calls", """(module (import "env" "syscall" (func (param i32) (result i32))) (func (export "_start")))""" },
        { "sockets that WASI has not", """(module (import "wasi_snapshot_preview1" "sock_open" (func (param i32 i32 i32) (result i32))) (func (export "_start")))""" },
        { "another host", """(module (import "sojourn" "content_key" (func (param i32))) (func (export "_start")))""" },
        { "a memory of somebody else", """(module (import "env" "memory" (memory 1)) (func (export "_start")))""" },
        { "no program", """(module (memory (export "memory") 1))""" },
        { "threads", """(module (import "wasi" "thread-spawn" (func (param i32) (result i32))) (func (export "_start")))""" },
    };

    [Theory]
    [MemberData(nameof(Unlinkable))]
    public void What_was_not_handed_over_cannot_be_imported(string what, string module)
    {
        var (ending, _) = Run([], program: Wat.ToBinary(module));
        Assert.True(ending.Refusal?.Reason == FailReason.CodeInvalid, $"{what}: exit {ending.Outcome?.Statement.Exit:x}");
    }

    [Theory]
    [InlineData("""(module (memory 65536) (func (export "_start")))""")]
    [InlineData("""(module (table 4294967295 funcref) (func (export "_start")))""")]
    [InlineData("""(module (table $t 1 externref) (memory (export "memory") 1) (func (export "_start") (loop $l (drop (table.grow $t (ref.null extern) (i32.const 10000000))) (br $l))))""")]
    [InlineData("""(module (memory (export "memory") 1) (func (export "_start") (loop $l (drop (memory.grow (i32.const 1000))) (br $l))))""")]
    public void Memory_and_tables_beyond_the_jobs_limit_are_refused_or_trap(string module)
    {
        var (ending, _) = Run([], program: Wat.ToBinary(module), memory: 16, fuel: 1_000_000);
        Assert.True(
            ending.Refusal is { Reason: FailReason.Resources or FailReason.CodeInvalid or FailReason.CodeTooLarge } || (ending.Outcome is { } outcome && (outcome.Statement.Exit & Trap) != 0),
            $"{ending.Refusal?.Reason} {ending.Refusal?.Words} {ending.Outcome?.Statement.Exit:x}");
    }

    [Fact]
    public void Files_below_the_logs_folder_cannot_be_forged()
    {
        var (ending, files) = Run(["say", "forged", "/output/.sojourn"]);
        Assert.True(ending.Refusal?.Reason == FailReason.PolicyRefused || !files.ContainsKey(".sojourn"), "a file stands where the logs' folder should");
    }

    /// <summary>Without a guard exit codes are a program's own; with one they say success, failure or trap, and fuel is coarse, so that they cannot carry what the guard strikes out.</summary>
    [Fact]
    public void Where_a_guard_watches_exit_codes_and_fuel_say_little()
    {
        var seen = new HashSet<(uint, ulong)>();
        var open = new HashSet<uint>();
        for (var secret = 1; secret <= 8; secret++)
        {
            var data = BitConverter.GetBytes(secret * 1001);
            open.Add(Run(["tell-exit", "/in/table"], data: data).Ending.Outcome!.Statement.Exit);
            foreach (var mode in (string[])["tell-exit", "tell-fuel"])
            {
                var guarded = Run([mode, "/in/table"], data: data, guard: Passes);
                Assert.True(guarded.Ending.Outcome is not null, guarded.Ending.Refusal?.Words);
                seen.Add((guarded.Ending.Outcome.Statement.Exit, guarded.Ending.Outcome.Statement.Fuel));
                Assert.Equal(OutputRules.RoundUp(guarded.Ending.Outcome.Statement.Fuel), guarded.Ending.Outcome.Statement.Fuel);
                Assert.DoesNotContain(guarded.Files.Keys, path => path.StartsWith(".sojourn", StringComparison.Ordinal));
            }
        }

        Assert.Equal(8, open.Count);
        Assert.InRange(seen.Count, 1, 5);
    }

    [Theory]
    [InlineData(0UL, 0UL)]
    [InlineData(7UL, 8UL)]
    [InlineData(8UL, 8UL)]
    [InlineData(9UL, 16UL)]
    [InlineData(1000UL, 1024UL)]
    [InlineData(ulong.MaxValue, ulong.MaxValue)]
    public void Fuel_is_rounded_up_to_a_power_of_two(ulong fuel, ulong coarse) => Assert.Equal(coarse, OutputRules.RoundUp(fuel));

    /// <summary>A guard that passes everything, and says nothing else.</summary>
    private static byte[] Passes { get; } = Wat.ToBinary("""
        (module
          (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
          (memory (export "memory") 1)
          (data (i32.const 64) "pass\n")
          (func (export "_start")
            (i32.store (i32.const 0) (i32.const 64)) (i32.store (i32.const 4) (i32.const 5))
            (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))
        """);

    internal static string Log(IReadOnlyDictionary<string, byte[]> files) => Encoding.UTF8.GetString(files.GetValueOrDefault(".sojourn/stdout") ?? []);

    internal static (Ending Ending, IReadOnlyDictionary<string, byte[]> Files) Run(
        string[] arguments, byte[]? program = null, byte[]? data = null, byte[]? guard = null, ulong fuel = 1_000_000_000, uint memory = 64, TimeSpan? time = null, ulong nonce = 7)
    {
        using var scene = new Scene { Nonce = nonce };
        scene.FuelMax = fuel;
        scene.MemoryMebibytes = memory;
        scene.Code = scene.Plain(program ?? Scene.Probe);
        if (guard is not null)
        {
            scene.Guards = [scene.Guard(guard)];
        }

        Cid table = guard is null ? scene.Plain(data ?? "a,b\n1,2\n"u8) : scene.SealedData(data ?? [.. "a,b\n1,2\n"u8]);
        scene.Spec = new JobSpec
        {
            Name = "escape",
            Arguments = [.. arguments],
            Inputs = [new JobInput("table", table, false)],
            OutputBytesMax = 1 << 20,
            LogBytesMax = 1 << 16,
            TimeMax = time ?? TimeSpan.FromSeconds(50),
        };
        var ending = new Host(scene).Run();
        IReadOnlyDictionary<string, byte[]> files = ending.Outcome is null ? new Dictionary<string, byte[]>() : scene.OpenAsync(ending.Outcome.Output, ending.Stored).GetAwaiter().GetResult();
        return (ending, files);
    }
}
