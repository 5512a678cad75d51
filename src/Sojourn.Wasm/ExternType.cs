using System.Collections.Immutable;

namespace Sojourn.Wasm;

/// <summary>What can be imported and exported.</summary>
public enum ExternKind
{
    /// <summary>A function.</summary>
    Function = 0,

    /// <summary>A table of references.</summary>
    Table = 1,

    /// <summary>A linear memory.</summary>
    Memory = 2,

    /// <summary>A global variable.</summary>
    Global = 3,

    /// <summary>An exception tag.</summary>
    Tag = 4,
}

/// <summary>The type of an import or export.</summary>
/// <param name="Kind">Which of the five kinds it is.</param>
/// <remarks>WebAssembly 3.0, external types.</remarks>
public abstract record ExternType(ExternKind Kind);

/// <summary>A function's type.</summary>
/// <param name="Parameters">Types of the parameters.</param>
/// <param name="Results">Types of the results.</param>
public sealed record FunctionType(ImmutableArray<WasmType> Parameters, ImmutableArray<WasmType> Results) : ExternType(ExternKind.Function)
{
    /// <inheritdoc/>
    public bool Equals(FunctionType? other) =>
        other is not null && Parameters.AsSpan().SequenceEqual(other.Parameters.AsSpan()) && Results.AsSpan().SequenceEqual(other.Results.AsSpan());

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (var type in Parameters)
        {
            hash.Add(type);
        }

        hash.Add(Parameters.Length);
        foreach (var type in Results)
        {
            hash.Add(type);
        }

        return hash.ToHashCode();
    }

    /// <inheritdoc/>
    public override string ToString() => $"[{string.Join(' ', Parameters)}] -> [{string.Join(' ', Results)}]";
}

/// <summary>Bounds of a table or memory.</summary>
/// <param name="Minimum">Elements or pages at the start.</param>
/// <param name="Maximum">The most it may grow to, or null where it names none.</param>
/// <param name="Is64Bit">Whether addresses are 64-bit.</param>
public readonly record struct Limits(ulong Minimum, ulong? Maximum, bool Is64Bit = false)
{
    /// <inheritdoc/>
    public override string ToString() => $"{(Is64Bit ? "i64 " : "")}{Minimum}{(Maximum is { } most ? $"..{most}" : "..")}";
}

/// <summary>A table's type.</summary>
/// <param name="Element">The type of its elements, a reference.</param>
/// <param name="Limits">Bounds in elements.</param>
public sealed record TableType(WasmType Element, Limits Limits) : ExternType(ExternKind.Table)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Limits} {Element}";
}

/// <summary>A memory's type.</summary>
/// <param name="Limits">Bounds in pages of 64 KiB.</param>
public sealed record MemoryType(Limits Limits) : ExternType(ExternKind.Memory)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Limits} pages";
}

/// <summary>A global's type.</summary>
/// <param name="Type">The type of its value.</param>
/// <param name="IsMutable">Whether it can be set.</param>
public sealed record GlobalType(WasmType Type, bool IsMutable) : ExternType(ExternKind.Global)
{
    /// <inheritdoc/>
    public override string ToString() => IsMutable ? $"mut {Type}" : Type.ToString();
}

/// <summary>An exception tag's type.</summary>
/// <param name="Payload">A function type without results.</param>
public sealed record TagType(FunctionType Payload) : ExternType(ExternKind.Tag)
{
    /// <inheritdoc/>
    public override string ToString() => $"tag {Payload}";
}

/// <summary>One import that a module asks for.</summary>
/// <param name="Module">The name of the module it is to come from.</param>
/// <param name="Name">The field's name.</param>
/// <param name="Type">What is wanted.</param>
public sealed record ImportDescriptor(string Module, string Name, ExternType Type);

/// <summary>One export of a module.</summary>
/// <param name="Name">The field's name.</param>
/// <param name="Type">What it is.</param>
public sealed record ExportDescriptor(string Name, ExternType Type);
