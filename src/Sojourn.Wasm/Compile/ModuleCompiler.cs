using Sojourn.Wasm.Compile.Il;

namespace Sojourn.Wasm.Compile;

/// <summary>Compiles the functions of a module to one image.</summary>
internal static class ModuleCompiler
{
    public static byte[] Compile(WasmModule module)
    {
        var image = new ImageBuilder("module");
        var compiler = new FunctionCompiler(module, image);
        for (var i = module.Definition.ImportedFunctions; i < module.Definition.Functions.Length; i++)
        {
            compiler.Compile(i);
        }

        return image.Build();
    }
}
