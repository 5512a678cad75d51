using Sojourn.Protocol.Ports;
using Sojourn.Protocol.Views;

namespace Sojourn.Hosting.Nodes;

/// <summary>Whose gateways are asked besides those that were configured.</summary>
internal static class GatewayChoice
{
    /// <summary>The most of them.</summary>
    public const int Max = 64;

    private const int Page = 1_000;
    private const int PagesMax = 20;

    /// <summary>All nodes of a ledger, as far as one asks: the ledger gives them by address.</summary>
    /// <param name="ledger">The ledger.</param>
    /// <param name="cancel">Stops asking.</param>
    public static async Task<IReadOnlyList<NodeView>> NodesAsync(ILedger ledger, CancellationToken cancel)
    {
        var nodes = new List<NodeView>();
        for (var page = 0; page < PagesMax; page++)
        {
            var more = await ledger.NodesAsync(nodes.Count == 0 ? default : nodes[^1].Address, Page, cancel).ConfigureAwait(false);
            nodes.AddRange(more);
            if (more.Length < Page)
            {
                break;
            }
        }

        return nodes;
    }

    /// <summary>Chooses among nodes that have something to lose, at random: nobody crowds the others out with addresses that sort first, or with nodes that cost nothing.</summary>
    /// <param name="nodes">The ledger's nodes.</param>
    /// <param name="random">The randomness.</param>
    /// <param name="except">Gateways that are not asked: one's own.</param>
    public static IReadOnlyList<Uri> Of(IEnumerable<NodeView> nodes, Random random, params Uri?[] except)
    {
        var known = nodes.Where(node => !node.Stake.IsZero)
            .Select(node => Uri.TryCreate(node.Profile.Gateway, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" ? uri : null)
            .OfType<Uri>().Where(uri => !Array.Exists(except, own => own == uri)).Distinct().ToArray();
        random.Shuffle(known);
        return known[..Math.Min(known.Length, Max)];
    }
}
