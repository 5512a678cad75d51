using System.Security.Cryptography;
using System.Text;

namespace Sojourn.Contracts.Tests;

/// <summary>Keeps what forge compiled, by the digest of all that it compiles from, so that another checkout of the same sources does not compile again.</summary>
/// <remarks>forge itself looks at the contents' hashes before it takes anything from its cache; whatever goes wrong here costs a compilation, and nothing else.</remarks>
internal static class ForgeCache
{
    private const int KeptMax = 4;
    private static readonly string[] s_folders = ["out", "cache"];

    private static string Root => Path.Combine(
        Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } cache ? cache : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache"), "sojourn", "forge");

    /// <summary>Brings back what was kept, where nothing is compiled here yet.</summary>
    /// <param name="contracts">The contracts' folder.</param>
    public static void Restore(string contracts)
    {
        var kept = Path.Combine(Root, KeyOf(contracts));
        if (!Directory.Exists(kept) || s_folders.Any(folder => Directory.Exists(Path.Combine(contracts, folder))))
        {
            return;
        }

        Quietly(() =>
        {
            foreach (var folder in s_folders)
            {
                Copy(Path.Combine(kept, folder), Path.Combine(contracts, folder));
            }
        });
    }

    /// <summary>Keeps what is compiled here; the oldest of several goes.</summary>
    /// <param name="contracts">The contracts' folder.</param>
    public static void Keep(string contracts)
    {
        var kept = Path.Combine(Root, KeyOf(contracts));
        if (Directory.Exists(kept) || s_folders.Any(folder => !Directory.Exists(Path.Combine(contracts, folder))))
        {
            return;
        }

        Quietly(() =>
        {
            var building = $"{kept}.{Environment.ProcessId}.new";
            foreach (var folder in s_folders)
            {
                Copy(Path.Combine(contracts, folder), Path.Combine(building, folder));
            }

            Directory.Move(building, kept);
            foreach (var old in new DirectoryInfo(Root).EnumerateDirectories().OrderByDescending(entry => entry.CreationTimeUtc).Skip(KeptMax))
            {
                old.Delete(recursive: true);
            }
        });
    }

    private static string KeyOf(string contracts)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var files = Directory.EnumerateFiles(Path.Combine(contracts, "src"), "*.sol", SearchOption.AllDirectories)
            .Concat(Directory.EnumerateFiles(Path.Combine(contracts, "test"), "*.sol", SearchOption.AllDirectories))
            .Concat(((string[])["foundry.toml", "package-lock.json", "solc.mjs"]).Select(name => Path.Combine(contracts, name)));
        foreach (var file in files.Order(StringComparer.Ordinal))
        {
            hash.AppendData(Encoding.UTF8.GetBytes(Path.GetRelativePath(contracts, file) + "\0"));
            hash.AppendData(SHA256.HashData(File.ReadAllBytes(file)));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var folder in Directory.EnumerateDirectories(from, "*", SearchOption.AllDirectories))
        {
            Directory.CreateDirectory(Path.Combine(to, Path.GetRelativePath(from, folder)));
        }

        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            File.Copy(file, Path.Combine(to, Path.GetRelativePath(from, file)), overwrite: true);
        }
    }

    private static void Quietly(Action action)
    {
        try
        {
            action();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Without a place to keep it, it is compiled each time.
        }
    }
}
