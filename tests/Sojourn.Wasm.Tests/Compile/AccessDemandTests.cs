using Sojourn.Wasm.Compile.Demand;
using Sojourn.Wasm.Text;

namespace Sojourn.Wasm.Tests.Compile;

/// <summary>Loads whose values are plainly used pay nothing for those that are not.</summary>
public sealed class AccessDemandTests
{
    [Theory]
    [InlineData("(i32.store (local.get 0) (i32.load (local.get 0)))", 0)]
    [InlineData("(f64.store (local.get 0) (f64.mul (f64.load (local.get 0)) (f64.load offset=8 (local.get 0))))", 0)]
    [InlineData("(local $s f64) (loop $l (local.set $s (f64.add (local.get $s) (f64.load (local.get 0)))) (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 8))))) (f64.store (i32.const 0) (local.get $s))", 0)]
    [InlineData("(local $s i64) (loop $l (local.set $s (i64.mul (i64.const 31) (i64.load (local.get 0)))) (br_if $l (i64.eqz (local.get $s)))) (i64.store (i32.const 0) (local.get $s))", 0)]
    [InlineData("(local $s v128) (loop $l (local.set $s (f32x4.add (local.get $s) (v128.load (local.get 0)))) (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 16))))) (v128.store (i32.const 0) (local.get $s))", 0)]
    [InlineData("(call $import (i32.and (i32.load (local.get 0)) (i32.const 0xff00ff)))", 0)]
    [InlineData("(drop (i32.load (local.get 0)))", 0)]
    [InlineData("(drop (i64.load (local.get 0)))", 1)]
    [InlineData("(call $import (i32.and (i32.load (local.get 0)) (i32.const 255)))", 1)]
    [InlineData("(local $x f64) (local.set $x (f64.load (local.get 0))) (if (local.get 0) (then (f64.store (i32.const 0) (local.get $x))))", 1)]
    [InlineData("(local $x f64) (local.set $x (f64.load (local.get 0))) (if (local.get 0) (then (f64.store (i32.const 0) (local.get $x))) (else (f64.store (i32.const 8) (local.get $x))))", 0)]
    [InlineData("(local $s f64) (loop $l (local.set $s (f64.add (local.get $s) (f64.load (local.get 0)))) (br $l)) (f64.store (i32.const 0) (local.get $s))", 1)]
    public void Only_loads_that_may_not_be_needed_are_touched(string body, int touched)
    {
        var module = WasmModule.Load(Wat.ToBinary($"(module (import \"a\" \"b\" (func $import (param i32))) (memory 1) (func (param i32) {body}))"));
        var care = AccessDemand.Of(FunctionTrace.Of(module.Definition, 1, WasmFeatures.Wasm3), 2);
        Assert.NotNull(care);
        Assert.Equal(touched, care.Loads.Count);
    }

    [Theory]
    [InlineData("(i32.store (local.get 0) (i32.load (local.get 0)))", 0)]
    [InlineData("(i32.store (local.get 0) (i32.const 1))", 1)]
    [InlineData("(i32.store (local.get 0) (i32.add (i32.const 1) (i32.const 2)))", 1)]
    [InlineData("(i32.store (local.get 0) (i32.add (i32.load8_u (i32.const 1)) (i32.const 2)))", 0)]
    public void Only_stores_of_what_may_be_constants_are_kept_apart(string body, int stores)
    {
        var module = WasmModule.Load(Wat.ToBinary($"(module (memory 1) (func (param i32) {body}))"));
        Assert.Equal(stores, AccessDemand.Of(FunctionTrace.Of(module.Definition, 0, WasmFeatures.Wasm3), 1)!.Stores.Count);
    }
}
