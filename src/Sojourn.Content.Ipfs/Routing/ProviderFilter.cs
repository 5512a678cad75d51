namespace Sojourn.Content.Ipfs.Routing;

/// <summary>Selects records by transfer protocol and network address. Routers may ignore the filter, so clients apply it too.</summary>
/// <remarks>IPIP-0484: values are compared without case; <c>unknown</c> lets records without protocols or addresses pass; <c>!</c> negates.</remarks>
public sealed class ProviderFilter
{
    /// <summary>Lets everything pass.</summary>
    public static readonly ProviderFilter None = new([], []);

    private const string Unknown = "unknown";

    /// <summary>Makes a filter; an empty list does not filter.</summary>
    /// <param name="protocols">Transfer protocols of which one must be spoken.</param>
    /// <param name="addresses">Protocols of which an address must contain one; those with <c>!</c> none of.</param>
    public ProviderFilter(IEnumerable<string> protocols, IEnumerable<string> addresses)
    {
        Protocols = Normal(protocols);
        Addresses = Normal(addresses);
    }

    /// <summary>Transfer protocols, lower case.</summary>
    public IReadOnlyList<string> Protocols { get; }

    /// <summary>Address parts, lower case, negated ones with <c>!</c>.</summary>
    public IReadOnlyList<string> Addresses { get; }

    /// <summary>The query string that asks a router for the same, without the question mark; empty for no filter.</summary>
    public string Query => string.Join('&', new[]
    {
        Addresses.Count > 0 ? $"filter-addrs={string.Join(',', Addresses)}" : "",
        Protocols.Count > 0 ? $"filter-protocols={string.Join(',', Protocols)}" : "",
    }.Where(part => part.Length > 0));

    /// <summary>Reads a filter from a query string such as <c>filter-protocols=a,b&amp;filter-addrs=!tcp</c>.</summary>
    /// <param name="query">The query string, without the question mark.</param>
    public static ProviderFilter Parse(string query)
    {
        var fields = query.Split('&').Select(field => field.Split('=', 2)).Where(pair => pair.Length == 2).ToLookup(pair => pair[0], pair => Uri.UnescapeDataString(pair[1]), StringComparer.Ordinal);
        return new ProviderFilter(fields["filter-protocols"].SelectMany(v => v.Split(',')), fields["filter-addrs"].SelectMany(v => v.Split(',')));
    }

    /// <summary>The record with the addresses that pass, or null where it does not pass.</summary>
    /// <param name="record">The record.</param>
    public ProviderRecord? Apply(ProviderRecord record)
    {
        if (Protocols.Count > 0 && !SpeaksOne(record))
        {
            return null;
        }

        if (Addresses.Count == 0)
        {
            return record;
        }

        if (record.Addresses.Count == 0)
        {
            return Addresses.Contains(Unknown) ? record : null;
        }

        var passing = record.Addresses.Where(Passes).ToArray();
        return passing.Length == 0 ? null : record with { Addresses = passing };
    }

    private static string[] Normal(IEnumerable<string> values)
        => [.. values.Select(value => value.Trim().ToLowerInvariant()).Where(value => value.Length > 0).Distinct(StringComparer.Ordinal)];

    private bool SpeaksOne(ProviderRecord record) => record.Protocols.Count == 0
        ? Protocols.Contains(Unknown)
        : record.Protocols.Any(protocol => Protocols.Contains(protocol.ToLowerInvariant()));

    private bool Passes(string address)
    {
        var parts = address.ToLowerInvariant().Split('/', StringSplitOptions.RemoveEmptyEntries);
        var wanted = Addresses.Where(filter => filter[0] != '!' && filter != Unknown).ToArray();
        return !Addresses.Any(filter => filter[0] == '!' && parts.Contains(filter[1..]))
            && (wanted.Length == 0 ? Addresses.Any(filter => filter[0] == '!') : wanted.Any(parts.Contains));
    }
}
