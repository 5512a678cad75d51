using System.Reflection;
using System.Runtime;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Sojourn.Wasm.Cache;
using Sojourn.Wasm.Compile;
using Sojourn.Wasm.Compile.Il;
using Sojourn.Wasm.Text;
using Sojourn.Wasm.Text.Script;

namespace Sojourn.Wasm.Tests.Spec;

/// <summary>Many modules in one assembly of machine code.</summary>
internal sealed class PersistedModules
{
    private readonly Dictionary<string, int> firsts = new(StringComparer.Ordinal);
    private readonly Assembly assembly;

    private PersistedModules(Assembly assembly, CompileReport report, long imageBytes)
    {
        this.assembly = assembly;
        Report = report;
        ImageBytes = imageBytes;
    }

    public CompileReport Report { get; }

    public long ImageBytes { get; }

    public int Modules => firsts.Count;

    public int Methods { get; private set; }

    /// <summary>Methods that were machine code already when they were asked for.</summary>
    public int Native { get; private set; }

    /// <summary>Loads that were served by the assembly.</summary>
    public int Hits { get; private set; }

    /// <summary>Compiles the modules that scripts instantiate.</summary>
    public static PersistedModules Compile(IEnumerable<byte[]> scripts, ModuleOptions options, Precompiler compiler)
    {
        var text = WatOptions.Default with { WideLimits = options.Features.HasFlag(WasmFeatures.Memory64) };
        var binaries = new List<byte[]>();
        foreach (var script in scripts)
        {
            foreach (var command in ScriptReader.Read(script))
            {
                var module = command switch
                {
                    ModuleCommand x => x.Module,
                    AssertTrap { Module: { } x } => x,
                    AssertUnlinkable x => x.Module,
                    _ => null,
                };
                if (module is not null)
                {
                    binaries.Add(module.ToBinary(text));
                }
            }
        }

        return Compile(binaries, options, compiler);
    }

    /// <summary>Compiles binary modules; those that are refused are left out.</summary>
    public static PersistedModules Compile(List<byte[]> binaries, ModuleOptions options, Precompiler compiler)
    {
        var modules = new List<WasmModule>();
        var names = new List<string>();
        foreach (var binary in binaries.DistinctBy(Name))
        {
            try
            {
                modules.Add(WasmModule.Load(binary, options));
                names.Add(Name(binary));
            }
            catch (ModuleException)
            {
            }
        }

        var il = ModuleCompiler.Compile(modules, out var positions);
        var folder = Directory.CreateTempSubdirectory("sojourn-persisted-");
        try
        {
            var report = compiler.Compile(il, folder.FullName, new CompileBudget { Time = TimeSpan.FromMinutes(5), MemoryBytes = 4L << 30 }, out var native);
            if (native is null)
            {
                throw new InvalidOperationException($"crossgen2: {report.Outcome} {report.Message}");
            }

            var assembly = CodeAssemblies.LoadForGood(CodeImage.Of(native), Convert.ToHexString(SHA256.HashData(native)), int.MaxValue);
            var result = new PersistedModules(assembly, report, native.Length);
            for (var i = 0; i < names.Count; i++)
            {
                result.firsts.Add(names[i], positions[i]);
            }

            var methods = assembly.GetType("Functions")!.GetMethods(BindingFlags.Static | BindingFlags.Public);
            result.Methods = methods.Length;
            foreach (var method in methods)
            {
                var before = JitInfo.GetCompiledMethodCount(currentThread: true);
                RuntimeHelpers.PrepareMethod(method.MethodHandle);
                result.Native += JitInfo.GetCompiledMethodCount(currentThread: true) == before ? 1 : 0;
            }

            return result;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>Loads a module: validated as always, its code from the assembly.</summary>
    public WasmModule Load(ReadOnlyMemory<byte> bytes, ModuleOptions options)
    {
        var module = WasmModule.Load(bytes, options);
        if (!firsts.TryGetValue(Name(bytes.Span), out var first))
        {
            return module;
        }

        Hits++;
        return WasmModule.FromCache(bytes, options, loaded => new CompiledCode(loaded, assembly, first));
    }

    private static string Name(byte[] binary) => Name(binary.AsSpan());

    private static string Name(ReadOnlySpan<byte> binary) => Convert.ToHexString(SHA256.HashData(binary));
}
