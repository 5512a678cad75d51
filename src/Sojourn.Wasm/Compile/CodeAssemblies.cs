using System.Reflection;
using System.Runtime.Loader;

namespace Sojourn.Wasm.Compile;

/// <summary>Loads the assemblies that modules were compiled into.</summary>
internal static class CodeAssemblies
{
    private static readonly Lock Gate = new();
    private static readonly Dictionary<string, Assembly> ForGood = new(StringComparer.Ordinal);

    /// <summary>Loads an image that can be collected again.</summary>
    public static Assembly Load(Stream image) => new Context(isCollectible: true).LoadFromStream(image);

    /// <summary>Loads an image with machine code, once per name. The platform ignores machine code in what can be collected, so it stays; past the bound only the image's IL is used.</summary>
    /// <remarks>
    /// The platform ignores machine code in streams as well, and reads files by their names, which could be another file by then. So the bytes, which were
    /// checked, go into a sealed file that exists in this process only. It is never closed: the platform takes two files of one name for the same.
    /// </remarks>
    public static Assembly LoadForGood(ReadOnlySpan<byte> image, string name, int most)
    {
        lock (Gate)
        {
            if (ForGood.TryGetValue(name, out var known))
            {
                return known;
            }

            if (ForGood.Count >= most || SealedFile.Create(image) is not { } path)
            {
                return Load(new MemoryStream(image.ToArray(), writable: false));
            }

            var loaded = new Context(isCollectible: false).LoadFromAssemblyPath(path);
            ForGood.Add(name, loaded);
            return loaded;
        }
    }

    private sealed class Context(bool isCollectible) : AssemblyLoadContext("wasm", isCollectible)
    {
        protected override Assembly? Load(AssemblyName assemblyName)
        {
            var own = typeof(CodeAssemblies).Assembly;
            return string.Equals(assemblyName.Name, own.GetName().Name, StringComparison.Ordinal) ? own : null;
        }
    }
}
