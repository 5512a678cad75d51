using System.Runtime.CompilerServices;
using Sojourn.Wasm.Fuel;
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
    private readonly FuelPlan?[] plans = new FuelPlan?[module.Definition.Functions.Length];

    public bool IsMetered { get; } = module.Options.Fuel != FuelMode.None;

    public override nint EntryPoint(int functionIndex) => 0;

    public override void Call(Instance instance, int functionIndex, ReadOnlySpan<Value> arguments, Span<Value> results)
    {
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            throw new TrapException(TrapKind.StackExhausted);
        }

        new Machine(instance.Store).Run(instance, functionIndex, arguments, results);
    }

    /// <summary>What a function costs; only for metered modules.</summary>
    public FuelPlan PlanOf(int functionIndex) => plans[functionIndex] ??= FuelPlan.Of(module, functionIndex);

    public Body BodyOf(int functionIndex) => bodies[functionIndex] ??= Body.Decode(module, functionIndex);
}
