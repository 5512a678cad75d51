using System.Runtime.CompilerServices;
using Sojourn.Wasm.Run;

namespace Sojourn.Wasm.Interpret;

/// <summary>The tier that generates no code.</summary>
internal sealed class InterpretedTier : IExecutionTier
{
    public static readonly InterpretedTier Shared = new();

    public ModuleCode Prepare(WasmModule module) => new InterpretedCode(module);
}

/// <summary>A module's functions for the interpreter; bodies are decoded when they are first called.</summary>
internal sealed class InterpretedCode(WasmModule module) : ModuleCode
{
    private readonly Body?[] bodies = new Body?[module.Definition.Functions.Length];

    public override nint EntryPoint(int functionIndex) => 0;

    public override void Call(Instance instance, int functionIndex, ReadOnlySpan<Value> arguments, Span<Value> results)
    {
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            throw new TrapException(TrapKind.StackExhausted);
        }

        new Machine(instance.Store).Run(instance, functionIndex, arguments, results);
    }

    public Body BodyOf(int functionIndex) => bodies[functionIndex] ??= Body.Decode(module, functionIndex);
}
