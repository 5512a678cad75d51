namespace Sojourn.Wasm.Tests.Spec;

/// <summary>The host module that scripts import from as <c>spectest</c>.</summary>
internal static class SpecTest
{
    public static void Define(Linker linker, bool withTable64)
    {
        var store = linker.Store;
        linker.DefineFunction("spectest", "print", () => { })
            .DefineFunction("spectest", "print_i32", (int _) => { })
            .DefineFunction("spectest", "print_i64", (long _) => { })
            .DefineFunction("spectest", "print_f32", (float _) => { })
            .DefineFunction("spectest", "print_f64", (double _) => { })
            .DefineFunction("spectest", "print_i32_f32", (int _, float _) => { })
            .DefineFunction("spectest", "print_f64_f64", (double _, double _) => { })
            .Define("spectest", "global_i32", Global.Create(store, new(WasmType.I32, false), 666))
            .Define("spectest", "global_i64", Global.Create(store, new(WasmType.I64, false), 666L))
            .Define("spectest", "global_f32", Global.Create(store, new(WasmType.F32, false), 666.6f))
            .Define("spectest", "global_f64", Global.Create(store, new(WasmType.F64, false), 666.6))
            .Define("spectest", "table", Table.Create(store, new(WasmType.FuncRef, new(10, 20))))
            .Define("spectest", "memory", Memory.Create(store, new(new(1, 2))));
        if (withTable64)
        {
            linker.Define("spectest", "table64", Table.Create(store, new(WasmType.FuncRef, new(10, 20, Is64Bit: true))));
        }
    }
}
