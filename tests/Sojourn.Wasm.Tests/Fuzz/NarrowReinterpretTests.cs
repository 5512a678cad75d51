using Sojourn.Wasm.Text;
using Xunit;

namespace Sojourn.Wasm.Tests.Fuzz;

/// <summary>Found by fuzzing: a narrow load reinterpreted as a float was read with the float's width.</summary>
public sealed class NarrowReinterpretTests
{
    private const string Text = """
        (module (memory 1) (data (i32.const 0) "\01\02\03\04\05\06\07\08")
          (func (export "u16") (param i32) (result i32) (i32.reinterpret_f32 (f32.abs (f32.reinterpret_i32 (i32.load16_u (local.get 0))))))
          (func (export "u8") (param i32) (result i32) (i32.reinterpret_f32 (f32.abs (f32.reinterpret_i32 (i32.load8_u (local.get 0))))))
          (func (export "s16") (param i32) (result i32) (i32.reinterpret_f32 (f32.abs (f32.reinterpret_i32 (i32.load16_s (local.get 0))))))
          (func (export "u32") (param i32) (result i64) (i64.reinterpret_f64 (f64.abs (f64.reinterpret_i64 (i64.load32_u (local.get 0)))))))
        """;

    [Theory]
    [InlineData(ExecutionTier.Compiled, MemoryProtection.Automatic)]
    [InlineData(ExecutionTier.Compiled, MemoryProtection.BoundsChecks)]
    [InlineData(ExecutionTier.Interpreted, MemoryProtection.Automatic)]
    public void Only_the_loaded_bytes_count(ExecutionTier tier, MemoryProtection protection)
    {
        using var store = new Store();
        var instance = new Linker(store).Instantiate(WasmModule.Load(Wat.ToBinary(Text), ModuleOptions.Default with { Tier = tier, Protection = protection }));
        Assert.Equal(0x0201, Call("u16", 0).Int32);
        Assert.Equal(0x01, Call("u8", 0).Int32);
        Assert.Equal(0x0201, Call("s16", 0).Int32);
        Assert.Equal(0x04030201, Call("u32", 0).Int64);

        // At the very end nothing beyond is touched.
        Assert.Equal(0, Call("u16", 65534).Int32);
        Assert.Equal(0, Call("u8", 65535).Int32);
        Assert.Equal(0, Call("u32", 65532).Int64);

        Value Call(string name, int address) => instance.GetFunction(name)!.Invoke(address)[0];
    }
}
