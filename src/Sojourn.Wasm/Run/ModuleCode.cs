namespace Sojourn.Wasm.Run;

/// <summary>What a tier makes of a module; shared by its instances.</summary>
internal abstract class ModuleCode
{
    /// <summary>Machine code of a function by its index in the module, or zero where the tier has none.</summary>
    public abstract nint EntryPoint(int functionIndex);

    /// <summary>Makes machine code of a function before it is first called.</summary>
    public virtual void Prepare(int functionIndex)
    {
    }

    /// <summary>Calls an own function of the instance. Traps are thrown as they come; the caller translates them.</summary>
    public abstract void Call(Instance instance, int functionIndex, ReadOnlySpan<Value> arguments, Span<Value> results);
}
