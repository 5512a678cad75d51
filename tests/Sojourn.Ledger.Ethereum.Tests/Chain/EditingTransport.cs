using System.Text.Json;
using Sojourn.Ledger.Ethereum.Rpc;

namespace Sojourn.Ledger.Ethereum.Tests.Chain;

/// <summary>A node that lies: it changes the text of one method's answers, or replaces them whole.</summary>
internal sealed class EditingTransport(Uri address, string method, string? from, string to) : IRpcTransport
{
    private readonly HttpTransport _true = new(address, new RpcLimits());

    public string Name => "liar";

    public async Task<RpcReply[]> SendAsync(IReadOnlyList<RpcRequest> requests, CancellationToken cancellation)
    {
        var replies = await _true.SendAsync(requests, cancellation);
        for (var i = 0; i < replies.Length; i++)
        {
            if (requests[i].Method == method && replies[i].Result is { } result)
            {
                var text = result.GetRawText();
                var edited = from is null ? to : Edit(text);
                replies[i] = new RpcReply(JsonDocument.Parse(edited).RootElement.Clone(), null);
            }
        }

        return replies;
    }

    public ValueTask DisposeAsync() => _true.DisposeAsync();

    private string Edit(string text)
    {
        var at = text.IndexOf(from!, StringComparison.OrdinalIgnoreCase);
        return at < 0 ? text.Replace("\"0x", "\"0x0", StringComparison.Ordinal) : string.Concat(text.AsSpan(0, at), to, text.AsSpan(at + from!.Length));
    }
}
