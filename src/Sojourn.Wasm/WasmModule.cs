using System.Collections.Immutable;
using Sojourn.Wasm.Decode;
using Sojourn.Wasm.Model;
using Sojourn.Wasm.Run;
using Sojourn.Wasm.Validate;

namespace Sojourn.Wasm;

/// <summary>A decoded and validated module, from which any number of instances can be made. Immutable and safe to share between threads.</summary>
public sealed class WasmModule
{
    private readonly Lazy<ContextLayout> layout;
    private readonly Lazy<ModuleCode> code;

    private WasmModule(ModuleDefinition definition, ModuleOptions options, Func<WasmModule, ModuleCode>? prepare = null)
    {
        Definition = definition;
        Options = options;
        Imports = [.. definition.Imports.Select(import => new ImportDescriptor(import.Module, import.Name, import.Type))];
        ExportsByName = definition.Exports.ToDictionary(export => export.Name, StringComparer.Ordinal);
        layout = new(() => new ContextLayout(definition));
        code = new(() => prepare is null ? ExecutionTiers.Get(options.Tier).Prepare(this) : prepare(this));
        Exports = [.. definition.Exports.Select(export => new ExportDescriptor(export.Name, TypeOf(export)))];
    }

    /// <summary>The version of the rules by which fuel is counted: it belongs into whatever states how much was used.</summary>
    public const int FuelVersion = Fuel.FuelPlan.Version;

    /// <summary>The options it was loaded with.</summary>
    public ModuleOptions Options { get; }

    /// <summary>What it needs, in order.</summary>
    public ImmutableArray<ImportDescriptor> Imports { get; }

    /// <summary>What it offers, in order.</summary>
    public ImmutableArray<ExportDescriptor> Exports { get; }

    /// <summary>The module's bytes.</summary>
    public ReadOnlyMemory<byte> Bytes => Definition.Bytes;

    internal ModuleDefinition Definition { get; }

    internal Dictionary<string, ExportDefinition> ExportsByName { get; }

    internal ContextLayout Layout => layout.Value;

    /// <summary>What the tier made of the functions; made on first use.</summary>
    internal ModuleCode Code => code.Value;

    /// <summary>Whether compiled code relies on faults to catch accesses beyond a 32-bit memory's end.</summary>
    internal bool UsesGuardPages => UsesGuardPagesWith(Options);

    /// <summary>Whether code compiled with these options relies on guard pages in this process.</summary>
    internal static bool UsesGuardPagesWith(ModuleOptions options) => options.Tier == ExecutionTier.Compiled && options.Protection switch
    {
        MemoryProtection.BoundsChecks => false,
        MemoryProtection.GuardPages => GuardArena.IsAvailable ? true : throw new PlatformNotSupportedException("Guard pages need Linux on x86-64; ask for BoundsChecks or Automatic."),
        _ => GuardArena.IsAvailable,
    };

    /// <summary>Decodes and validates a module. Functions are compiled later, when an instance needs them.</summary>
    /// <param name="bytes">The binary format; not copied, and not to be changed afterwards.</param>
    /// <param name="options">Features, tier and limits; null for the defaults.</param>
    /// <returns>The module.</returns>
    /// <exception cref="ModuleException">The module is refused.</exception>
    public static WasmModule Load(ReadOnlyMemory<byte> bytes, ModuleOptions? options = null)
    {
        options ??= ModuleOptions.Default;
        var definition = ModuleDecoder.Decode(bytes, options);
        ModuleValidator.Validate(definition, options);
        return new(definition, options);
    }

    /// <summary>Decodes a module that was validated before, and whose code is at hand.</summary>
    internal static WasmModule FromCache(ReadOnlyMemory<byte> bytes, ModuleOptions options, Func<WasmModule, ModuleCode> prepare) =>
        new(ModuleDecoder.Decode(bytes, options), options, prepare);

    /// <summary>Makes machine code of every function now. Without it each function is compiled when it is first called.</summary>
    public void Prepare() => Prepare(CancellationToken.None);

    /// <summary>Makes machine code of every function on another thread, so that few calls meet a function that is not compiled yet.</summary>
    /// <param name="cancellation">Ends it; functions that are left are compiled when they are first called.</param>
    /// <returns>Done when all are compiled, or when it was cancelled. It need not be awaited.</returns>
    public Task PrepareInBackground(CancellationToken cancellation = default) =>
        Task.Factory.StartNew(() => Prepare(cancellation), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private void Prepare(CancellationToken cancellation)
    {
        if (Options.Tier != ExecutionTier.Compiled)
        {
            return;
        }

        foreach (var function in Compile.CallGraph.BottomUp(this))
        {
            if (cancellation.IsCancellationRequested)
            {
                return;
            }

            Code.Prepare(function);
        }
    }

    private ExternType TypeOf(ExportDefinition export) => export.Kind switch
    {
        ExternKind.Function => Definition.FunctionTypeOf(export.Index),
        ExternKind.Table => Definition.Tables[export.Index].Type,
        ExternKind.Memory => Definition.Memories[export.Index],
        ExternKind.Global => Definition.Globals[export.Index].Type,
        _ => new TagType(Definition.Types[Definition.Tags[export.Index]].Function!),
    };
}
