namespace Sojourn.Testing;

/// <summary>Finds the shared test vectors, which are read in place and never copied.</summary>
public static class Vectors
{
    /// <summary>The root: <c>SOJOURN_VECTORS</c>, else <c>../shared/vectors</c> beside the checkout; null where neither exists.</summary>
    public static string? Root { get; } = Find();

    /// <summary>The checkout's root folder (the one that holds <c>Sojourn.slnx</c>).</summary>
    public static string Checkout { get; } = FindCheckout();

    /// <summary>The full path of a vector file or folder; it may not exist.</summary>
    /// <param name="relative">A path below the root, with forward slashes.</param>
    public static string PathOf(string relative) => Path.Combine(Root ?? "/nonexistent", relative);

    /// <summary>Whether that file or folder is there.</summary>
    /// <param name="relative">A path below the root, with forward slashes.</param>
    public static bool Has(string relative) => Root is not null && (File.Exists(PathOf(relative)) || Directory.Exists(PathOf(relative)));

    private static string? Find()
    {
        var named = Environment.GetEnvironmentVariable("SOJOURN_VECTORS");
        if (!string.IsNullOrEmpty(named))
        {
            return Directory.Exists(named) ? named : null;
        }

        var beside = Path.GetFullPath(Path.Combine(FindCheckout(), "..", "shared", "vectors"));
        return Directory.Exists(beside) ? beside : null;
    }

    private static string FindCheckout()
    {
        for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            if (File.Exists(Path.Combine(at.FullName, "Sojourn.slnx")))
            {
                return at.FullName;
            }
        }

        throw new InvalidOperationException("The tests run from inside a checkout; Sojourn.slnx was found in no parent folder.");
    }
}
