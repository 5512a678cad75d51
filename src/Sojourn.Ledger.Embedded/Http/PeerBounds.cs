using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Connections;

namespace Sojourn.Ledger.Embedded.Http;

/// <summary>How many connections one address may hold open: whoever opens more is hung up on, and the others are served.</summary>
/// <param name="max">The most connections of one address.</param>
internal sealed class PeerBounds(int max)
{
    private readonly ConcurrentDictionary<IPAddress, int> _open = new();

    /// <summary>Kestrel's connection middleware.</summary>
    public ConnectionDelegate Around(ConnectionDelegate next) => async connection =>
    {
        var peer = PeerOf(connection.RemoteEndPoint);
        if (_open.AddOrUpdate(peer, 1, static (_, count) => count + 1) > max)
        {
            Leave(peer);
            connection.Abort();
            return;
        }

        try
        {
            await next(connection).ConfigureAwait(false);
        }
        finally
        {
            Leave(peer);
        }
    };

    // One IPv6 customer has at least a /64: its addresses are one peer.
    private static IPAddress PeerOf(EndPoint? from)
    {
        if (from is not IPEndPoint { Address: var address })
        {
            return IPAddress.None;
        }

        if (address.IsIPv4MappedToIPv6)
        {
            return address.MapToIPv4();
        }

        if (address.AddressFamily != System.Net.Sockets.AddressFamily.InterNetworkV6)
        {
            return address;
        }

        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out _);
        bytes[8..].Clear();
        return new IPAddress(bytes);
    }

    private void Leave(IPAddress peer)
    {
        while (_open.TryGetValue(peer, out var count))
        {
            if (count > 1 ? _open.TryUpdate(peer, count - 1, count) : _open.TryRemove(KeyValuePair.Create(peer, count)))
            {
                return;
            }
        }
    }
}
