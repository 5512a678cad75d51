using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Sojourn.Content.Dag;
using Sojourn.Content.Export;
using Sojourn.Content.Import;
using Sojourn.Content.Ipfs.Gateway;
using Sojourn.Content.Ipfs.Gateways;
using Sojourn.Content.Ipfs.Store;
using Sojourn.Content.Ipfs.Tests.Store;
using Sojourn.Testing;

namespace Sojourn.Content.Ipfs.Tests.Sources;

/// <summary>Whole graphs as one stream: what lying and breaking gateways can and cannot do over real HTTP.</summary>
public class GatewayDagTests
{
    private const string Adversarial = "ipfs/adversarial/cases.json";

    [VectorFact(Adversarial)]
    public async Task A_lying_gateway_ends_in_an_error_before_a_wrong_byte()
    {
        using var json = JsonDocument.Parse(File.ReadAllBytes(Vectors.PathOf(Adversarial)));
        var problems = new List<string>();
        var ran = 0;
        foreach (var @case in json.RootElement.GetProperty("cases").EnumerateArray())
        {
            if (@case.GetProperty("file").GetString() is not { } file)
            {
                continue;
            }

            ran++;
            await using var liar = await LoopbackServer.StartAsync(async context =>
            {
                if (context.Request.Query["format"] == "car")
                {
                    context.Response.ContentType = @case.GetProperty("declaredContentType").GetString();
                    await context.Response.SendFileAsync(Vectors.PathOf($"ipfs/adversarial/{file}"));
                }
                else
                {
                    context.Response.StatusCode = 404;
                }
            });
            using var source = new GatewaySource([liar.Address], Quick.Options);
            var path = ContentPath.Parse(@case.GetProperty("cid").GetString()!);
            await using var dag = source.OpenDag(new DagRequest(path));
            var emitted = new MemoryStream();
            Exception? failure = null;
            try
            {
                var end = await PathResolver.ResolveAsync(dag, path);
                if (UnixFsExporter.Describe(end.Block).IsDirectory)
                {
                    await foreach (var entry in Directories.TreeWalker.WalkAsync(dag, end.Cid))
                    {
                        _ = entry;
                    }
                }
                else
                {
                    await UnixFsExporter.CopyToAsync(dag, end.Cid, emitted, default, ExportOptions.Streaming);
                }
            }
            catch (Exception e) when (e is ContentException or GatewayException)
            {
                failure = e;
            }

            var expect = @case.GetProperty("expect").GetString()!;
            if (failure is null && @case.TryGetProperty("contentSha256", out var whole))
            {
                if (Convert.ToHexStringLower(SHA256.HashData(emitted.ToArray())) != whole.GetString())
                {
                    problems.Add($"{file}: wrong content");
                }
            }

            if (failure is null && expect is "error" or "error-or-refetch" && failure is null)
            {
                problems.Add($"{file}: no error");
            }

            if (failure is not null && expect == "ok")
            {
                problems.Add($"{file}: {failure.Message}");
            }

            if (failure is not null && @case.TryGetProperty("maxEmit", out var most) && emitted.Length > most.GetInt64())
            {
                problems.Add($"{file}: emitted {emitted.Length} bytes, at most {most}");
            }
        }

        Assert.True(ran > 15);
        Assert.Empty(problems);
    }

    [Fact]
    public async Task A_stream_that_breaks_off_is_completed_by_another_gateway()
    {
        using var folder = new TemporaryFolder();
        var store = FileBlockStore.Open(folder.At("s"));
        var content = Blocks.Raw(5, 2_000_000).Data.ToArray();
        var root = (await UnixFsImporter.ImportAsync(new MemoryStream(content), store, new ImportOptions { Profile = ImportProfile.UnixFsV1Of2025 with { ChunkBytes = 50_000 } })).Root;
        await using var honest = await GatewayHost.StartAsync(store, new GatewayServerOptions(), new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0));
        await using var breaking = await LoopbackServer.StartAsync(async context =>
        {
            using var http = new HttpClient();
            var whole = await http.GetByteArrayAsync(new Uri(honest.Address, context.Request.Path + context.Request.QueryString.Value));
            context.Response.ContentType = "application/vnd.ipld.car; version=1; order=dfs; dups=y";
            // More is promised than comes: the server closes the connection after the half. A reset instead could take back what was sent.
            context.Response.ContentLength = whole.Length;
            await context.Response.Body.WriteAsync(whole.AsMemory(0, whole.Length / 2));
            await context.Response.Body.FlushAsync();
        });

        using var source = new GatewaySource([breaking.Address, honest.Address], Quick.Options);
        await using var dag = source.OpenDag(new DagRequest(ContentPath.Of(root)));
        var output = new MemoryStream();
        await UnixFsExporter.CopyToAsync(dag, root, output, default, ExportOptions.Streaming);
        Assert.Equal(content, output.ToArray());
        Assert.True(dag.StreamedBlocks > 5 && dag.SingleBlocks > 5, $"{dag.StreamedBlocks} and {dag.SingleBlocks}");
        Assert.Equal(breaking.Address, dag.LastFailure!.Gateway);
        Assert.Equal(GatewayFault.Incomplete, dag.LastFailure.Fault);
    }
}
