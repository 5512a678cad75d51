using Sojourn.Wasm.Text;
using Xunit;

namespace Sojourn.Wasm.Tests.Fuzz;

/// <summary>Found by fuzzing: a vector that is only used as a mask did not begin as zero, with AVX-512 and profile-guided compilation on.</summary>
public sealed class VectorLocalTests
{
    private const string Text = """
        (module
          (global $ones (mut v128) (v128.const i64x2 -1 -1))
          (func (export "f") (result i32) (local $v v128) (local $n i32)
            (loop $l
              (if (i16x8.bitmask (local.get $v))
                (then (return (i32.add (i32.const 1000) (local.get $n))))
                (else (local.set $v (global.get $ones))))
              (local.set $n (i32.add (local.get $n) (i32.const 1)))
              (br $l))
            unreachable))
        """;

    [Theory]
    [InlineData(ExecutionTier.Compiled, MemoryProtection.Automatic)]
    [InlineData(ExecutionTier.Compiled, MemoryProtection.BoundsChecks)]
    [InlineData(ExecutionTier.Interpreted, MemoryProtection.Automatic)]
    public void A_mask_begins_as_zero(ExecutionTier tier, MemoryProtection protection)
    {
        using var store = new Store();
        var instance = new Linker(store).Instantiate(WasmModule.Load(Wat.ToBinary(Text), ModuleOptions.Default with { Tier = tier, Protection = protection }));
        Assert.Equal(1001, instance.GetFunction("f")!.Invoke()[0].Int32);
    }
}
