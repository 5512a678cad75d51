using System.Reflection;
using System.Runtime.Loader;

namespace Sojourn.Wasm.Compile;

/// <summary>Loads the assemblies that modules were compiled into.</summary>
internal static class CodeAssemblies
{
    private static readonly Lock Gate = new();
    private static readonly Dictionary<string, (Assembly Assembly, CodeImage Image)> ForGood = new(StringComparer.Ordinal);

    /// <summary>Loads an image that can be collected again.</summary>
    public static Assembly Load(byte[] image) => new Context(isCollectible: true).LoadFromStream(new MemoryStream(image, writable: false));

    /// <summary>Loads an image, as IL, that can be collected again.</summary>
    public static Assembly Load(CodeImage image) => image.With(bytes => Load(bytes.ToArray()));

    /// <summary>Loads an image with machine code, once per name. The platform ignores machine code in what can be collected, so it stays; past the bound only the image's IL is used.</summary>
    /// <remarks>
    /// The platform ignores machine code in streams as well, and reads files by their names, which could be another file by then: hence the sealed file, which
    /// exists in this process only. It is never closed: the platform takes two files of one name for the same.
    /// </remarks>
    public static Assembly LoadForGood(CodeImage image, string name, int most)
    {
        lock (Gate)
        {
            if (ForGood.TryGetValue(name, out var known))
            {
                return known.Assembly;
            }

            if (ForGood.Count >= most || image.Path is not { } path)
            {
                return Load(image);
            }

            var loaded = new Context(isCollectible: false).LoadFromAssemblyPath(path);
            ForGood.Add(name, (loaded, image));
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
