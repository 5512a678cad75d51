using Xunit;

namespace Sojourn.Testing;

/// <summary>A test that needs programs on the path (installed by <c>./test</c>); reported as skipped, by name, where one is absent.</summary>
public sealed class ToolFactAttribute : FactAttribute
{
    /// <summary>Marks the test.</summary>
    /// <param name="tools">Program names, as typed in a shell, or paths below the checkout such as <c>tests/peers/node_modules/.bin/ipfs-car</c>.</param>
    public ToolFactAttribute(params string[] tools) => Skip = Tools.Missing(tools);
}

/// <summary>A theory that needs programs on the path; reported as skipped, by name, where one is absent.</summary>
public sealed class ToolTheoryAttribute : TheoryAttribute
{
    /// <summary>Marks the theory.</summary>
    /// <param name="tools">As for <see cref="ToolFactAttribute"/>.</param>
    public ToolTheoryAttribute(params string[] tools) => Skip = Tools.Missing(tools);
}

/// <summary>Looks for outside programs.</summary>
public static class Tools
{
    /// <summary>The full path of a program, or null.</summary>
    /// <param name="name">A bare name (searched on the path) or a path below the checkout.</param>
    public static string? Find(string name)
    {
        if (name.Contains('/'))
        {
            var inside = Path.Combine(Vectors.Checkout, name);
            return File.Exists(inside) || Directory.Exists(inside) ? inside : null;
        }

        return (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')
            .Append("/usr/sbin").Append("/sbin")
            .Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);
    }

    /// <summary>A reason to skip, or null where all are present.</summary>
    /// <param name="names">As for <see cref="Find"/>.</param>
    public static string? Missing(params string[] names)
    {
        var missing = names.Where(name => Find(name) is null).ToArray();
        return missing.Length == 0 ? null : $"not installed: {string.Join(", ", missing)}";
    }
}
