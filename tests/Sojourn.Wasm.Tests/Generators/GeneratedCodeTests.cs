using System.Runtime.Intrinsics;
using Sojourn.Wasm.Text;

namespace Sojourn.Wasm.Tests.Generators;

/// <summary>Generated host modules and exports at work, in every tier.</summary>
public sealed class GeneratedCodeTests
{
    private const string Echo = """
        (module
          (import "env" "numbers" (func $numbers (param i32 i32 i64 i64 f32 f64 i32) (result i32 i32 i64 i64 f32 f64 i32)))
          (import "env" "references" (func $references (param externref funcref v128) (result externref funcref v128)))
          (import "env" "function" (func $function (param funcref) (result funcref)))
          (import "env" "flag" (func $flag (param i32) (result i32)))
          (import "env" "unsigned" (func $unsigned (param i32) (result i32)))
          (import "env" "fail" (func $fail (param i32) (result i32)))
          (import "words" "say" (func $say (param i32 i32)))
          (import "words" "copy" (func $copy (param i32 i32 i32 i32) (result i32)))
          (memory (export "memory") 1) (data (i32.const 16) "gr\c3\bc\c3\9f dich")
          (func (export "numbers") (param i32 i32 i64 i64 f32 f64 i32) (result i32 i32 i64 i64 f32 f64 i32)
            (call $numbers (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4) (local.get 5) (local.get 6)))
          (func (export "references") (param externref funcref v128) (result externref funcref v128) (call $references (local.get 0) (local.get 1) (local.get 2)))
          (func (export "function") (param funcref) (result funcref) (call $function (local.get 0)))
          (func (export "flag") (param i32) (result i32) (call $flag (local.get 0)))
          (func (export "unsigned") (param i32) (result i32) (call $unsigned (local.get 0)))
          (func (export "fail") (param i32) (result i32) (call $fail (local.get 0)))
          (func (export "say") (param i32 i32) (call $say (local.get 0) (local.get 1)))
          (func (export "copy") (param i32 i32 i32 i32) (result i32) (call $copy (local.get 0) (local.get 1) (local.get 2) (local.get 3)))
          (func (export "peek") (param i32) (result i32) (i32.load (local.get 0))))
        """;

    private static readonly byte[] EchoBytes = Wat.ToBinary(Echo);

    public static TheoryData<string> Tiers => ["guarded", "checked", "path fuel", "interpreted"];

    private static ModuleOptions OptionsOf(string tier) => tier switch
    {
        "checked" => ModuleOptions.Default with { Protection = MemoryProtection.BoundsChecks },
        "path fuel" => ModuleOptions.Default with { Fuel = FuelMode.Path },
        "interpreted" => ModuleOptions.Default with { Tier = ExecutionTier.Interpreted },
        _ => ModuleOptions.Default,
    };

    [Theory]
    [MemberData(nameof(Tiers))]
    public void Every_shape_goes_there_and_back(string tier)
    {
        using var store = new Store();
        var host = new EchoHost();
        var instance = host.DefineIn(new(store)).Instantiate(WasmModule.Load(EchoBytes, OptionsOf(tier)));
        var guest = new EchoGuest(instance);
        Assert.Equal((int.MaxValue, uint.MaxValue - 1, -6L, ulong.MaxValue - 1, -1.5f, 2.5, false), guest.Numbers(int.MinValue, uint.MaxValue, -5, ulong.MaxValue, 1.5f, -2.5, true));
        var (o, f, v) = guest.References("object", instance.GetFunction("peek"), Vector128.Create((byte)0x0F));
        Assert.Equal("object!", o);
        Assert.Same(instance.GetFunction("peek"), f);
        Assert.Equal(Vector128.Create((byte)0xF0), v);
        Assert.Same(instance, host.Caller);
        Assert.Equal((null, null, Vector128<byte>.AllBitsSet), guest.References(null, null, default));
        Assert.Same(instance.GetFunction("flag"), guest.Same(instance.GetFunction("flag")));
        Assert.Null(guest.Same(null));
        Assert.True(guest.Not(false));
        Assert.False(guest.Not(true));
        Assert.Equal(0x7FFF_FFFFu, guest.Half(uint.MaxValue));

        // The host can call its own functions as well, where an instance exports them.
        Assert.Equal(0x7FFF_FFFF, instance.GetFunction("unsigned")!.Invoke(-1)[0].Int32);
    }

    [Theory]
    [MemberData(nameof(Tiers))]
    public void Bytes_and_text_lie_in_the_guests_memory(string tier)
    {
        using var store = new Store();
        var host = new EchoHost();
        var instance = host.DefineIn(new(store)).Instantiate(WasmModule.Load(EchoBytes, OptionsOf(tier)));
        var guest = new EchoGuest(instance);
        guest.Say(16, 11);
        guest.Say(65536, 0);
        Assert.Equal(["grüß dich", ""], host.Said);
        Assert.Equal(11, guest.Copy(16, 11, 1000, 11));
        Assert.Equal("grüß dich"u8, instance.GetMemory("memory")!.Slice(1000, 11));
        foreach (var (at, length) in new[] { (65536, 1), (65530, 7), (-1, 1), (0, -1), (0, int.MinValue), (-1, 0), (int.MaxValue, int.MaxValue) })
        {
            Assert.Equal(TrapKind.MemoryOutOfBounds, Assert.Throws<TrapException>(() => guest.Say(at, length)).Kind);
            Assert.Equal(TrapKind.MemoryOutOfBounds, Assert.Throws<TrapException>(() => guest.Copy(0, 1, at, length)).Kind);
        }
    }

    [Theory]
    [MemberData(nameof(Tiers))]
    public void Faults_of_guest_and_host_keep_their_names(string tier)
    {
        using var store = new Store();
        var guest = new EchoGuest(new EchoHost().DefineIn(new(store)).Instantiate(WasmModule.Load(EchoBytes, OptionsOf(tier))));
        for (var i = 0; i < 100; i++)
        {
            Assert.Equal(TrapKind.MemoryOutOfBounds, Assert.Throws<TrapException>(() => guest.Peek(-1)).Kind);
            Assert.Equal(TrapKind.Exit, Assert.Throws<TrapException>(() => guest.Fail((int)TrapKind.Exit)).Kind);
            Assert.Equal("the host's own", Assert.Throws<InvalidOperationException>(() => guest.Fail(0)).Message);
            Assert.Equal(0, guest.Peek(0));
        }
    }

    [Theory]
    [MemberData(nameof(Tiers))]
    public void Hot_calls_allocate_nothing(string tier)
    {
        const int Calls = 10_000;
        using var store = new Store();
        var instance = new AddingHost().DefineIn(new(store)).Instantiate(WasmModule.Load(
            Wat.ToBinary("""
                (module (import "calls" "add" (func $add (param i32 i32) (result i32)))
                  (func (export "sum") (param i32) (result i32) (local i32)
                    (loop (local.set 1 (call $add (local.get 1) (local.get 0))) (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
                    (local.get 1)))
                """),
            OptionsOf(tier)));
        var guest = new SummingGuest(instance);
        Assert.Equal(Calls * (Calls + 1) / 2, guest.Sum(Calls));
        var before = GC.GetAllocatedBytesForCurrentThread();
        guest.Sum(Calls);

        // The interpreter makes a stack per call of the guest, nothing per call of the host.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, tier == "interpreted" ? Calls : 0);
    }

    [Fact]
    public void Exports_that_are_missing_or_differ_are_named()
    {
        using var store = new Store();
        Assert.Equal("unknown export: the module exports no \"sum\", which is to be a function [i32] -> [i32]", Refuse("(module)"));
        Assert.Equal("incompatible export type: \"sum\" is to be a function [i32] -> [i32], but it is a memory", Refuse("""(module (memory (export "sum") 1))"""));
        Assert.Equal("incompatible export type: \"sum\" is to be a function [i32] -> [i32], but it is a function [i64] -> [i32]", Refuse("""(module (func (export "sum") (param i64) (result i32) unreachable))"""));

        string Refuse(string text) => Assert.Throws<LinkException>(() => new SummingGuest(new Linker(store).Instantiate(WasmModule.Load(Wat.ToBinary(text))))).Message;
    }

    /// <summary>A function's record is an address: that of another store may be gone.</summary>
    [Theory]
    [MemberData(nameof(Tiers))]
    public void Functions_of_other_stores_are_refused(string tier)
    {
        using var store = new Store();
        using var other = new Store();
        var instance = new EchoHost().DefineIn(new(store)).Instantiate(WasmModule.Load(EchoBytes, OptionsOf(tier)));
        var foreign = new EchoHost().DefineIn(new(other)).Instantiate(WasmModule.Load(EchoBytes, OptionsOf(tier))).GetFunction("peek");
        Assert.Throws<ArgumentException>(() => new EchoGuest(instance).Same(foreign));
        Assert.Throws<ArgumentException>(() => instance.GetFunction("function")!.Bind<Func<Function?, Function?>>()(foreign));
        Assert.Throws<ArgumentException>(() => instance.GetFunction("function")!.Invoke(Value.FromReference(foreign)));
    }

    [Fact]
    public void A_host_cannot_give_a_function_of_another_store()
    {
        using var store = new Store();
        using var other = new Store();
        var foreign = new EchoHost().DefineIn(new(other)).Instantiate(WasmModule.Load(EchoBytes)).GetFunction("peek");
        var instance = new ForeignHost(foreign).DefineIn(new(store)).Instantiate(WasmModule.Load(Wat.ToBinary("""(module (import "of another store" "function" (func $f (result funcref))) (func (export "f") (drop (call $f))))""")));
        Assert.Throws<InvalidOperationException>(() => instance.GetFunction("f")!.Invoke());
    }

    /// <summary>What a trap unwinds is given back: a guest that the host calls again and again from inside a call does not run out of stack.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Traps_inside_host_calls_use_up_no_stack(bool generated)
    {
        using var store = new Store();
        Instance? instance = null;
        SummingGuest? sum = null;
        Func<int, int>? bound = null;
        var traps = 0;
        var linker = new Linker(store).DefineFunction("h", "again", () =>
        {
            try
            {
                _ = generated ? sum!.Sum(40) : bound!(40);
            }
            catch (TrapException trap) when (trap.Kind == TrapKind.Unreachable)
            {
                traps++;
            }
        });
        instance = linker.Instantiate(WasmModule.Load(
            Wat.ToBinary("""
                (module (import "h" "again" (func $again))
                  (func $deep (export "sum") (param i32) (result i32) (if (i32.eqz (local.get 0)) (then unreachable)) (i32.add (call $deep (i32.sub (local.get 0) (i32.const 1))) (i32.const 1)))
                  (func (export "run") (param i32) (loop (call $again) (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))
                """),
            ModuleOptions.Default with { Fuel = FuelMode.Path }));
        sum = new(instance);
        bound = instance.GetFunction("sum")!.Bind<Func<int, int>>();
        instance.GetFunction("run")!.Invoke(3_000);
        Assert.Equal(3_000, traps);
    }

    [Fact]
    public void A_store_that_is_gone_cannot_be_called()
    {
        var store = new Store();
        var guest = new EchoGuest(new EchoHost().DefineIn(new(store)).Instantiate(WasmModule.Load(EchoBytes)));
        store.Dispose();
        Assert.Throws<ObjectDisposedException>(() => guest.Peek(0));
    }
}

[GuestExports]
internal sealed partial class SummingGuest
{
    [GuestFunction("sum")]
    public partial int Sum(int number);
}
