using System.Reflection;
using System.Reflection.Emit;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;
using System.Text.Json;

namespace Sojourn.Benchmarks.Start;

/// <summary>Writes a program whose main method returns at once.</summary>
internal static class EmptyProgram
{
    /// <summary>Writes it.</summary>
    /// <param name="folder">Where to.</param>
    /// <returns>The file that <c>dotnet</c> runs.</returns>
    public static string Write(string folder)
    {
        var assembly = new PersistedAssemblyBuilder(new AssemblyName("empty"), typeof(object).Assembly);
        var type = assembly.DefineDynamicModule("empty").DefineType("Program", TypeAttributes.Public | TypeAttributes.Class);
        var main = type.DefineMethod("Main", MethodAttributes.Public | MethodAttributes.Static, typeof(void), Type.EmptyTypes);
        main.GetILGenerator().Emit(OpCodes.Ret);
        type.CreateType();
        var metadata = assembly.GenerateMetadata(out var code, out _);
        var image = new BlobBuilder();
        new ManagedPEBuilder(PEHeaderBuilder.CreateExecutableHeader(), new MetadataRootBuilder(metadata), code, entryPoint: MetadataTokens.MethodDefinitionHandle(main.MetadataToken)).Serialize(image);
        var file = Path.Combine(folder, "empty.dll");
        File.WriteAllBytes(file, image.ToArray());
        var framework = new { name = "Microsoft.NETCore.App", version = $"{Environment.Version.Major}.{Environment.Version.Minor}.0" };
        File.WriteAllText(Path.Combine(folder, "empty.runtimeconfig.json"), JsonSerializer.Serialize(new { runtimeOptions = new { framework } }));
        return file;
    }
}
