namespace Sojourn.Wasm.Run;

/// <summary>A function that an instance defines.</summary>
internal sealed class InstanceFunction(Instance instance, int index, FunctionType type, nint record) : Function(instance.Store, type, record)
{
    public Instance Instance { get; } = instance;

    public int Index { get; } = index;

    public override string ToString() => $"function {Index} {Type}";

    internal override void Call(ReadOnlySpan<Value> arguments, Span<Value> results) => Instance.Module.Code.Call(Instance, Index, arguments, results);
}
