using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Sojourn.Content.Car;
using Sojourn.Content.Ipfs.Gateway;
using Sojourn.Primitives;
using Sojourn.Testing;

namespace Sojourn.Content.Ipfs.Tests.Gateway;

/// <summary>Which blocks a CAR holds for each scope, range and path, over HTTP.</summary>
public class TrustlessVectorTests
{
    private const string Index = "ipfs/trustless/variety-cases.json";

    [VectorFact(Index)]
    public async Task Variety()
    {
        using var json = JsonDocument.Parse(File.ReadAllBytes(Vectors.PathOf(Index)));
        await using var gateway = await CarGateway.StartAsync(new GatewayServerOptions(), $"ipfs/{json.RootElement.GetProperty("car").GetString()}");
        using var http = new HttpClient();
        var problems = new List<string>();
        var ran = 0;
        foreach (var @case in json.RootElement.GetProperty("cases").EnumerateArray())
        {
            ran++;
            var request = @case.GetProperty("request").GetString()!;
            using var response = await http.GetAsync(new Uri(gateway.Address.ToString().TrimEnd('/') + request));
            var missing = @case.TryGetProperty("pathMissing", out var flag) && flag.ValueKind != JsonValueKind.False;
            if (missing && (int)response.StatusCode == 404)
            {
                continue;
            }

            if ((int)response.StatusCode != 200)
            {
                problems.Add($"{request}: status {(int)response.StatusCode}: {await response.Content.ReadAsStringAsync()}");
                continue;
            }

            var reader = await CarReader.OpenAsync(await response.Content.ReadAsStreamAsync());
            var found = new List<string>();
            while (await reader.ReadAsync() is { } section)
            {
                found.Add(section.ToVerifiedBlock().Cid.ToString());
            }

            var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Concat(found.Select(cid => cid + "\n")))));
            if (hash != @case.GetProperty("expectedSha256OfLines").GetString())
            {
                problems.Add($"{request}: {found.Count} blocks, expected {@case.GetProperty("expectedCount")}");
            }
        }

        Assert.True(ran > 0);
        Assert.Empty(problems);
    }
}
