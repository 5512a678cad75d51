using System.Diagnostics;
using System.Text;
using Sojourn.Content.Directories;
using Sojourn.Content.Import;
using Sojourn.Content.Ipfs.Gateway;
using Sojourn.Content.Ipfs.Store;
using Sojourn.Primitives;
using Sojourn.Testing;

namespace Sojourn.Content.Ipfs.Tests.Peers;

/// <summary>curl reads the path gateway, over HTTP/1.1 and over HTTP/2 with prior knowledge on the same port.</summary>
public class CurlTests
{
    [ToolTheory("curl")]
    [InlineData("--http1.1", "HTTP/1.1 ")]
    [InlineData("--http2-prior-knowledge", "HTTP/2 ")]
    public async Task Files_ranges_listings_and_conditions(string version, string statusLine)
    {
        using var folder = new TemporaryFolder();
        var store = FileBlockStore.Open(folder.At("store"));
        var file = await UnixFsImporter.ImportAsync(new MemoryStream(Encoding.ASCII.GetBytes("0123456789")), store);
        using var builder = new DirectoryBuilder(ImportProfile.UnixFsV1Of2025);
        builder.Add("<b>&.txt", file.Root, file.DagBytes);
        var root = (await builder.FinishAsync(store)).Root;
        await using var gateway = await GatewayHost.StartAsync(store, new GatewayServerOptions { PathGateway = true }, new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0));
        var url = $"{gateway.Address}ipfs/{root}/";
        var name = Uri.EscapeDataString("<b>&.txt");

        var whole = await CurlAsync(version, "-i", url + name);
        Assert.StartsWith(statusLine + "200", whole, StringComparison.Ordinal);
        Assert.EndsWith("0123456789", whole, StringComparison.Ordinal);
        Assert.Equal("3456", await CurlAsync(version, "-r", "3-6", url + name));
        var listing = await CurlAsync(version, url);
        Assert.Contains("&lt;b&gt;&amp;.txt", listing, StringComparison.Ordinal);
        Assert.DoesNotContain("<b>", listing, StringComparison.Ordinal);
        Assert.StartsWith(statusLine + "304", await CurlAsync(version, "-i", "-H", $"If-None-Match: \"{file.Root}\"", url + name), StringComparison.Ordinal);
        Assert.StartsWith(statusLine + "416", await CurlAsync(version, "-i", "-r", "20-30", url + name), StringComparison.Ordinal);
        Assert.StartsWith(statusLine + "404", await CurlAsync(version, "-i", url + "nothing"), StringComparison.Ordinal);
        Assert.StartsWith(statusLine + "405", await CurlAsync(version, "-i", "-X", "DELETE", url), StringComparison.Ordinal);
        Assert.StartsWith(statusLine + "400", await CurlAsync(version, "-i", $"{gateway.Address}ipfs/nonsense"), StringComparison.Ordinal);
        var head = await CurlAsync(version, "-I", url + name);
        Assert.Contains("content-length: 10", head, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("0123456789", head, StringComparison.Ordinal);
    }

    private static async Task<string> CurlAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo(Tools.Find("curl")!) { RedirectStandardOutput = true, UseShellExecute = false, ArgumentList = { "-s", "-m", "20" } };
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        using var process = Process.Start(start)!;
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return output;
    }
}
