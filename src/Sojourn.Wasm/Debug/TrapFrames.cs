using System.Diagnostics;
using System.Reflection;
using System.Runtime.CompilerServices;
using Sojourn.Wasm.Compile;
using Sojourn.Wasm.Compile.Il;
using Sojourn.Wasm.Decode;

namespace Sojourn.Wasm.Debug;

/// <summary>Tells which functions of a guest were running, and where, when somebody asks a trap for it: a trap itself stays cheap.</summary>
internal static class TrapFrames
{
    /// <summary>Most frames told.</summary>
    public const int FramesMax = 64;

    private static readonly ConditionalWeakTable<Assembly, List<Part>> Modules = [];
    private static readonly ConditionalWeakTable<WasmModule, Symbols> Known = [];

    /// <summary>Says which module a run of an assembly's methods was compiled from. The latest counts.</summary>
    /// <param name="assembly">The assembly.</param>
    /// <param name="module">The module.</param>
    /// <param name="firstMethod">Position of its first own function in the assembly.</param>
    public static void Register(Assembly assembly, WasmModule module, int firstMethod = 0)
    {
        var parts = Modules.GetValue(assembly, static _ => []);
        lock (parts)
        {
            parts.RemoveAll(part => part.First == firstMethod);
            parts.Add(new(firstMethod, module));
        }
    }

    /// <summary>The frames of a trap that compiled code raised; none where it did not come from there.</summary>
    public static IReadOnlyList<TrapFrame> Of(Exception trap)
    {
        var frames = new List<TrapFrame>();
        for (Exception? cause = trap; cause is not null && frames.Count == 0; cause = cause.InnerException)
        {
            foreach (var frame in new StackTrace(cause, fNeedFileInfo: false).GetFrames())
            {
                if (frames.Count == FramesMax)
                {
                    break;
                }

                if (frame.GetMethod() is { } method && Modules.TryGetValue(method.Module.Assembly, out var parts) && Find(parts, method.MetadataToken - ImageBuilder.FirstMethodToken) is var (module, index))
                {
                    frames.Add(Describe(module, index, OffsetOf(module, index, frame.GetILOffset())));
                }
            }
        }

        return frames;
    }

    /// <summary>Names a place.</summary>
    /// <param name="module">The module.</param>
    /// <param name="functionIndex">The function.</param>
    /// <param name="offset">Byte offset of the instruction in the module, or null.</param>
    public static TrapFrame Describe(WasmModule module, int functionIndex, int? offset)
    {
        var symbols = Known.GetValue(module, static found => new Symbols(found));
        return new TrapFrame(
            functionIndex,
            symbols.Names.GetValueOrDefault(functionIndex),
            offset is { } at ? symbols.Lines.Find(at - module.Definition.CodeSectionOffset) : null) { Offset = offset };
    }

    private static (WasmModule Module, int Index)? Find(List<Part> parts, int position)
    {
        lock (parts)
        {
            foreach (var (first, module) in parts)
            {
                var index = position - first + module.Definition.ImportedFunctions;
                if (position >= first && index < module.Definition.Functions.Length)
                {
                    return (module, index);
                }
            }

            return null;
        }
    }

    private static int? OffsetOf(WasmModule module, int index, int ilOffset)
    {
        if (ilOffset == StackFrame.OFFSET_UNKNOWN || module.Definition.Functions[index].Body is null)
        {
            return null;
        }

        // Compiling is deterministic: the same function once more, this time noting where each instruction went.
        var compiler = new FunctionCompiler(module, new ImageBuilder("offsets")) { Places = [] };
        compiler.Compile(index);
        int? found = null;
        foreach (var (il, wasm) in compiler.PlacesFound())
        {
            if (il > ilOffset)
            {
                break;
            }

            found = wasm;
        }

        return found;
    }

    private sealed record Part(int First, WasmModule Module);

    private sealed class Symbols(WasmModule module)
    {
        private readonly Lazy<DwarfLines> _lines = new(() => DwarfLines.Read(module.Definition));

        public Dictionary<int, string> Names { get; } = ModuleNames.Read(module.Definition).Functions;

        public DwarfLines Lines => _lines.Value;
    }
}
