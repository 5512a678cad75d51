namespace Sojourn.Wasm.Run;

/// <summary>Makes typed delegates that call functions.</summary>
internal static class Binding
{
    public static Delegate Create(Function function, Type delegateType) => Compile.BindingCompiler.Create(function, delegateType);
}
