using Sojourn.Primitives;

namespace Sojourn.Hosting.Devnet;

/// <summary>What the nodes of a development network were asked to hold: a line a CID.</summary>
public static class Holdings
{
    /// <summary>Reads the list.</summary>
    /// <param name="folder">The network's folder.</param>
    public static IReadOnlyCollection<Cid> Read(string folder)
    {
        var path = Path.Combine(folder, "holdings");
        return File.Exists(path) ? [.. File.ReadAllLines(path).Where(line => line.Length > 0).Select(Cid.Parse).Distinct()] : [];
    }

    /// <summary>Adds to the list.</summary>
    /// <param name="folder">The network's folder.</param>
    /// <param name="content">What is to be held.</param>
    public static void Add(string folder, Cid content) => File.AppendAllText(Path.Combine(folder, "holdings"), content + "\n");
}
