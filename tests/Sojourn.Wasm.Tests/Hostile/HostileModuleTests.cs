using Sojourn.Wasm.Text.Emit;
using Xunit;
using Xunit.Abstractions;

namespace Sojourn.Wasm.Tests.Hostile;

/// <summary>Modules made to hurt end within their limits, each with a reason that has a name.</summary>
public sealed class HostileModuleTests(ITestOutputHelper output)
{
    private static readonly ModuleOptions Interpreted = ModuleOptions.Default with { Tier = ExecutionTier.Interpreted };

    [Theory]
    [InlineData(0x02, 20_000)]
    [InlineData(0x03, 20_000)]
    public void Nests_deeper_than_the_limit_are_refused(byte block, int depth)
    {
        var refused = Refuse(Function(code =>
        {
            for (var i = 0; i < depth; i++)
            {
                code.Byte(block);
                code.Byte(0x40);
            }

            for (var i = 0; i <= depth; i++)
            {
                code.Byte(0x0B);
            }
        }));
        Assert.Equal(ModuleFault.LimitExceeded, refused.Fault);
    }

    [Fact]
    public void Too_many_locals_are_refused()
    {
        var refused = Refuse(Function(code => code.Byte(0x0B), locals: 60_000));
        Assert.Equal(ModuleFault.LimitExceeded, refused.Fault);
        Assert.Contains("locals", refused.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Locals_that_overflow_are_malformed()
    {
        var body = new BinaryBuffer();
        body.Append([2]);
        body.U64(uint.MaxValue);
        body.Byte(0x7F);
        body.U64(2);
        body.Append([0x7E, 0x0B]);
        Assert.Equal(ModuleFault.Malformed, Refuse(Module(body)).Fault);
    }

    [Theory]
    [InlineData("type section", new byte[] { 1, 5, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F })]
    [InlineData("function section", new byte[] { 3, 5, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F })]
    [InlineData("global section", new byte[] { 6, 5, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F })]
    [InlineData("data section", new byte[] { 11, 5, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F })]
    [InlineData("element section", new byte[] { 9, 5, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F })]
    public void Counts_that_the_bytes_cannot_hold_allocate_nothing(string what, byte[] section)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        var refused = Refuse([0, 0x61, 0x73, 0x6D, 1, 0, 0, 0, .. section]);
        Assert.Equal(ModuleFault.Malformed, refused.Fault);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
        output.WriteLine($"{what}: {refused.Message}");
    }

    [Fact]
    public void A_huge_branch_table_loads_or_is_refused()
    {
        var module = Function(code =>
        {
            code.Append([0x02, 0x40, 0x41, 0, 0x0E]);
            code.U32(200_000);
            for (var i = 0; i <= 200_000; i++)
            {
                code.Byte(0);
            }

            code.Append([0x0B, 0x0B]);
        });
        using var store = new Store();
        new Linker(store).Instantiate(WasmModule.Load(module, Interpreted)).GetFunction("f")!.Invoke();
    }

    [Fact]
    public void Many_functions_load()
    {
        const int Count = 100_000;
        var module = new BinaryBuffer();
        module.Append("\0asm\u0001\0\0\0"u8);
        module.Append([1, 4, 1, 0x60, 0, 0]);
        Section(module, 3, into =>
        {
            into.U32(Count);
            for (var i = 0; i < Count; i++)
            {
                into.Byte(0);
            }
        });
        Section(module, 10, into =>
        {
            into.U32(Count);
            for (var i = 0; i < Count; i++)
            {
                into.Append([2, 0, 0x0B]);
            }
        });
        Assert.Equal(Count, WasmModule.Load(module.ToArray(), Interpreted).Definition.Functions.Length);
    }

    [Theory]
    [InlineData(ExecutionTier.Interpreted)]
    [InlineData(ExecutionTier.Compiled)]
    public void Endless_recursion_is_a_trap(ExecutionTier tier)
    {
        using var store = new Store();
        var instance = new Linker(store).Instantiate(WasmModule.Load(Function(code => code.Append([0x10, 0, 0x0B])), ModuleOptions.Default with { Tier = tier }));
        for (var i = 0; i < 20; i++)
        {
            Assert.Equal(TrapKind.StackExhausted, Assert.Throws<TrapException>(() => instance.GetFunction("f")!.Invoke()).Kind);
        }
    }

    [Theory]
    [InlineData(ExecutionTier.Interpreted)]
    [InlineData(ExecutionTier.Compiled)]
    public void An_endless_loop_can_be_interrupted(ExecutionTier tier)
    {
        using var store = new Store();
        var instance = new Linker(store).Instantiate(WasmModule.Load(Function(code => code.Append([0x03, 0x40, 0x0C, 0, 0x0B, 0x0B])), ModuleOptions.Default with { Tier = tier }));
        using var started = new ManualResetEventSlim();
        var interrupter = new Thread(() =>
        {
            started.Wait();
            store.Interrupt();
        });
        interrupter.Start();
        started.Set();
        Assert.Equal(TrapKind.Interrupted, Assert.Throws<TrapException>(() => instance.GetFunction("f")!.Invoke()).Kind);
        interrupter.Join();
    }

    [Theory]
    [InlineData(ExecutionTier.Interpreted)]
    [InlineData(ExecutionTier.Compiled)]
    public void Growth_stops_at_the_stores_limit(ExecutionTier tier)
    {
        using var store = new Store(StoreOptions.Default with { MemoryBytesMax = 1 << 20 });
        var module = Function(code => code.Append([0x03, 0x40, 0x41, 1, 0x40, 0, 0x41, 0, 0x4E, 0x0D, 0, 0x0B, 0x0B]), memory: true);
        var instance = new Linker(store).Instantiate(WasmModule.Load(module, ModuleOptions.Default with { Tier = tier }));
        instance.GetFunction("f")!.Invoke();
        Assert.Equal(1 << 20, store.MemoryBytes);
    }

    private static ModuleException Refuse(byte[] module) => Assert.Throws<ModuleException>(() => WasmModule.Load(module, Interpreted));

    private static byte[] Function(Action<BinaryBuffer> write, int locals = 0, bool memory = false)
    {
        var body = new BinaryBuffer();
        if (locals > 0)
        {
            body.Byte(1);
            body.U32(locals);
            body.Byte(0x7F);
        }
        else
        {
            body.Byte(0);
        }

        write(body);
        return Module(body, memory);
    }

    private static byte[] Module(BinaryBuffer body, bool memory = false)
    {
        var module = new BinaryBuffer();
        module.Append("\0asm\u0001\0\0\0"u8);
        module.Append([1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0]);
        if (memory)
        {
            module.Append([5, 3, 1, 0, 1]);
        }

        module.Append([7, 5, 1, 1, (byte)'f', 0, 0]);
        Section(module, 10, into =>
        {
            into.Byte(1);
            into.Vector(body.Written);
        });
        return module.ToArray();
    }

    private static void Section(BinaryBuffer module, byte id, Action<BinaryBuffer> write)
    {
        var content = new BinaryBuffer();
        write(content);
        module.Byte(id);
        module.Vector(content.Written);
    }
}
