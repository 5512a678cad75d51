using Sojourn.Primitives;

namespace Sojourn.Content.Dag;

/// <summary>The links of blocks of any codec that can be read here.</summary>
public static class Links
{
    /// <summary>The links of a block, in the order in which they stand.</summary>
    /// <param name="block">A verified block.</param>
    /// <exception cref="ContentException">It is malformed, or of a codec that cannot be read.</exception>
    public static IReadOnlyList<Cid> Of(Block block)
    {
        var links = new List<Cid>();
        Nodes.ReadLinks(block, links);
        return links;
    }
}
