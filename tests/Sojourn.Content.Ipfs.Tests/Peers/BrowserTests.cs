using System.Diagnostics;
using System.Text;
using Sojourn.Content.Directories;
using Sojourn.Content.Import;
using Sojourn.Content.Ipfs.Gateway;
using Sojourn.Content.Ipfs.Store;
using Sojourn.Testing;

namespace Sojourn.Content.Ipfs.Tests.Peers;

/// <summary>Chromium reads the path gateway: a page, what the page loads, ranges that its script asks for, and a listing.</summary>
[Trait("speed", "slow")]
public class BrowserTests
{
    [ToolFact("chromium")]
    public async Task A_page_its_image_a_range_and_a_listing()
    {
        using var folder = new TemporaryFolder();
        var store = FileBlockStore.Open(folder.At("store"));
        var data = await AddAsync(store, "0123456789"u8.ToArray());
        var image = await AddAsync(store, """<svg xmlns="http://www.w3.org/2000/svg" width="17" height="5"/>"""u8.ToArray());
        var page = await AddAsync(store, Encoding.UTF8.GetBytes("""
            <!doctype html><meta charset="utf-8"><title>page</title><img id="i" src="picture.svg"><p id="out">waiting</p>
            <script>
              addEventListener('load', async () => {
                const part = await fetch('data/digits.txt', { headers: { Range: 'bytes=3-6' } });
                const missing = await fetch('data/none.txt');
                const listing = await (await fetch('data/')).text();
                const names = [...new DOMParser().parseFromString(listing, 'text/html').querySelectorAll('a')].map(a => a.textContent);
                out.textContent = [part.status, await part.text(), part.headers.get('content-range'), missing.status, i.naturalWidth, names.includes('digits.txt')].join('|');
              });
            </script>
            """));
        var inner = await DirectoryAsync(store, ("digits.txt", data));
        var root = await DirectoryAsync(store, ("data", inner), ("index.html", page), ("picture.svg", image));
        await using var gateway = await GatewayHost.StartAsync(store, new GatewayServerOptions { PathGateway = true }, new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0));

        var dom = await DumpAsync(folder.At("profile"), $"{gateway.Address}ipfs/{root.Root}/");
        Assert.Contains("206|3456|bytes 3-6/10|404|17|true", dom, StringComparison.Ordinal);

        // A directory without index.html is a page of links that a person can follow.
        var listing = await DumpAsync(folder.At("profile"), $"{gateway.Address}ipfs/{inner.Root}/");
        Assert.Contains($"href=\"/ipfs/{inner.Root}/digits.txt\"", listing, StringComparison.Ordinal);
    }

    private static async Task<ImportResult> AddAsync(FileBlockStore store, byte[] bytes) => await UnixFsImporter.ImportAsync(new MemoryStream(bytes), store);

    private static async Task<ImportResult> DirectoryAsync(FileBlockStore store, params (string Name, ImportResult Target)[] entries)
    {
        using var builder = new DirectoryBuilder(ImportProfile.UnixFsV1Of2025);
        foreach (var (name, target) in entries)
        {
            builder.Add(name, target.Root, target.DagBytes);
        }

        return await builder.FinishAsync(store);
    }

    private static async Task<string> DumpAsync(string profile, string url)
    {
        var start = new ProcessStartInfo(Tools.Find("chromium")!)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            ArgumentList = { "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking", "--disable-component-update", $"--user-data-dir={profile}", "--virtual-time-budget=20000", "--timeout=60000", "--dump-dom", url },
        };
        using var process = Process.Start(start)!;
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        try
        {
            var errors = process.StandardError.ReadToEndAsync(limit.Token);
            var dom = await process.StandardOutput.ReadToEndAsync(limit.Token);
            await process.WaitForExitAsync(limit.Token);
            Assert.True(process.ExitCode == 0, await errors);
            return dom;
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }
}
