using Sojourn.Wasm.Compile.Il;
using Sojourn.Wasm.Run;

namespace Sojourn.Wasm.Compile;

/// <summary>Compiles the functions of modules to one image.</summary>
internal static class ModuleCompiler
{
    /// <summary>The image of one module: its own functions in their order.</summary>
    public static byte[] Compile(WasmModule module) => Compile([module], out _);

    /// <summary>One image of several modules.</summary>
    /// <param name="modules">The modules.</param>
    /// <param name="firsts">For each module the position of its first own function.</param>
    public static byte[] Compile(IReadOnlyList<WasmModule> modules, out int[] firsts)
    {
        firsts = new int[modules.Count];
        var methods = 0;
        for (var i = 0; i < firsts.Length; i++)
        {
            firsts[i] = methods;
            methods += modules[i].Definition.Functions.Length - modules[i].Definition.ImportedFunctions;
        }

        var image = new ImageBuilder("module", methods);
        for (var i = 0; i < firsts.Length; i++)
        {
            var (module, first) = (modules[i], firsts[i]);

            // Made before threads ask for it.
            _ = module.Layout;
            FunctionWork.Run(module.Definition.ImportedFunctions, module.Definition.Functions.Length, module.Bytes.Length, () => new FunctionCompiler(module, image, first).Compile);
        }

        return image.Build();
    }
}
