using System.Runtime;
using Sojourn.Wasm.Compile;
using Sojourn.Wasm.Text;
using Xunit;

namespace Sojourn.Wasm.Tests.Compile;

/// <summary>Functions are compiled when they are first called, unless they were prepared.</summary>
public sealed class PrepareTests
{
    private static readonly byte[] Bytes = Wat.ToBinary("""
        (module
          (func $a (export "a") (result i32) (i32.add (call $c) (call $b)))
          (func $b (result i32) (i32.add (call $d) (call $d)))
          (func $c (result i32) (i32.const 1))
          (func $d (result i32) (if (result i32) (i32.const 0) (then (call $a)) (else (call $c))))
          (func (export "unused") (result i32) (call $a)))
        """);

    [Fact]
    public void Callees_come_before_callers()
    {
        Assert.Equal([2, 3, 1, 0, 4], CallGraph.BottomUp(WasmModule.Load(Bytes)));
        var deep = string.Concat(Enumerable.Range(0, 50_000).Select(i => $"(func call {(i + 1) % 50_000})"));
        Assert.Equal(50_000, CallGraph.BottomUp(WasmModule.Load(Wat.ToBinary($"(module {deep})"))).Distinct().Count());
    }

    [Fact]
    public async Task Nothing_is_left_to_compile_after_preparing()
    {
        var module = WasmModule.Load(Bytes);
        module.Prepare();
        await module.PrepareInBackground();
        using var store = new Store();
        var function = new Linker(store).Instantiate(module).GetFunction("a")!;

        // Whatever the test itself needs is compiled by this one.
        var unprepared = WasmModule.Load(Bytes);
        using var other = new Store();
        var late = new Linker(other).Instantiate(unprepared).GetFunction("a")!;
        Assert.Equal(3, late.Invoke()[0].Int32);
        var before = JitInfo.GetCompiledMethodCount(currentThread: true);
        Assert.Equal(3, function.Invoke()[0].Int32);
        Assert.Equal(before, JitInfo.GetCompiledMethodCount(currentThread: true));
    }

    [Fact]
    public async Task A_cancelled_preparation_leaves_functions_to_their_first_call()
    {
        var module = WasmModule.Load(Bytes);
        await module.PrepareInBackground(new CancellationToken(canceled: true));
        using var store = new Store();
        Assert.Equal(3, new Linker(store).Instantiate(module).GetFunction("a")!.Invoke()[0].Int32);
    }
}
