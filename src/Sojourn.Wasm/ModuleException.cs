namespace Sojourn.Wasm;

/// <summary>Why a module is refused.</summary>
public enum ModuleFault
{
    /// <summary>The bytes are not a module.</summary>
    Malformed,

    /// <summary>It decodes, but breaks a rule of validation.</summary>
    Invalid,

    /// <summary>It uses a proposal that <see cref="ModuleOptions.Features"/> does not name.</summary>
    UnsupportedFeature,

    /// <summary>It exceeds a limit of <see cref="ModuleLimits"/>.</summary>
    LimitExceeded,
}

/// <summary>A module was refused.</summary>
public sealed class ModuleException : Exception
{
    /// <summary>Makes the refusal.</summary>
    /// <param name="fault">The kind of fault.</param>
    /// <param name="offset">Byte offset in the module.</param>
    /// <param name="expected">What was found and what was expected, one sentence without a full stop.</param>
    public ModuleException(ModuleFault fault, int offset, string expected)
        : base($"{Describe(fault)} at offset 0x{offset:x}: {expected}")
    {
        Fault = fault;
        Offset = offset;
        Reason = expected;
    }

    /// <summary>The kind of fault.</summary>
    public ModuleFault Fault { get; }

    /// <summary>Byte offset in the module.</summary>
    public int Offset { get; }

    /// <summary>What was found and expected.</summary>
    public string Reason { get; }

    private static string Describe(ModuleFault fault) => fault switch
    {
        ModuleFault.Malformed => "malformed module",
        ModuleFault.Invalid => "invalid module",
        ModuleFault.UnsupportedFeature => "feature not enabled",
        _ => "module exceeds a limit",
    };
}
