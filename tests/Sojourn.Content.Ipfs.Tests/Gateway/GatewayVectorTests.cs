using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Sojourn.Content.Car;
using Sojourn.Content.Ipfs.Gateway;
using Sojourn.Primitives;
using Sojourn.Testing;

namespace Sojourn.Content.Ipfs.Tests.Gateway;

/// <summary>The gateway conformance cases, run from their index file against our server over real HTTP.</summary>
public class GatewayVectorTests
{
    private const string Index = "ipfs/gateway/cases.json";
    private static readonly GatewayServerOptions Options = new() { PathGateway = true, SubdomainHosts = ["example.com"] };

    public static TheoryData<int, string> Cases()
    {
        var cases = new TheoryData<int, string>();
        if (Vectors.Has(Index))
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(Vectors.PathOf(Index)));
            foreach (var (i, each) in json.RootElement.GetProperty("cases").EnumerateArray().Index())
            {
                cases.Add(i, each.GetProperty("name").GetString()!);
            }
        }
        else
        {
            cases.Add(-1, "absent");
        }

        return cases;
    }

    [VectorTheory(Index)]
    [MemberData(nameof(Cases))]
    public async Task Case(int number, string name)
    {
        using var json = JsonDocument.Parse(File.ReadAllBytes(Vectors.PathOf(Index)));
        var @case = json.RootElement.GetProperty("cases")[number];
        string[] cars = @case.GetProperty("car").GetString() is { } car ? [$"ipfs/cars/gateway-conformance/{car}.car"] : [];
        await using var gateway = await CarGateway.StartAsync(Options, cars);
        foreach (var variant in @case.GetProperty("variants").EnumerateArray())
        {
            using var response = await SendAsync(gateway.Address, variant);
            var body = await response.Content.ReadAsByteArrayAsync();
            var expect = @case.GetProperty("expect");
            var alternatives = expect.ValueKind == JsonValueKind.Array ? [.. expect.EnumerateArray()] : new[] { expect };
            var problems = new List<string?>();
            foreach (var alternative in alternatives)
            {
                problems.Add(await ProblemAsync(response, body, alternative, variant.TryGetProperty("method", out var m) && m.GetString() == "HEAD"));
            }

            Assert.True(problems.Contains(null), $"{name}, {variant}: {string.Join(" / ", problems)}");
        }
    }

    private static async Task<HttpResponseMessage> SendAsync(Uri address, JsonElement variant)
    {
        // A new handler each time: no redirects, no cache, no decompression.
        using var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false });
        var method = variant.TryGetProperty("method", out var named) ? new HttpMethod(named.GetString()!) : HttpMethod.Get;
        using var request = new HttpRequestMessage(method, new Uri(address.ToString().TrimEnd('/') + variant.GetProperty("url").GetString(), new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }));
        if (variant.TryGetProperty("headers", out var headers))
        {
            foreach (var header in headers.EnumerateObject())
            {
                request.Headers.TryAddWithoutValidation(header.Name, header.Value.GetString());
            }
        }

        var response = await http.SendAsync(request);
        await response.Content.LoadIntoBufferAsync();
        return response;
    }

    private static async Task<string?> ProblemAsync(HttpResponseMessage response, byte[] body, JsonElement expect, bool isHead)
    {
        if (expect.TryGetProperty("status", out var status) && status.GetInt32() != (int)response.StatusCode)
        {
            return $"status {(int)response.StatusCode}, expected {status}";
        }

        if (expect.TryGetProperty("headers", out var headers))
        {
            foreach (var header in headers.EnumerateObject())
            {
                var actual = Header(response, header.Name);
                if (!Matches(actual, header.Value.GetString()!))
                {
                    return $"header {header.Name}: '{actual}', expected {header.Value}";
                }
            }
        }

        if (isHead)
        {
            return body.Length == 0 ? null : "HEAD has a body";
        }

        if (expect.TryGetProperty("bodyHex", out var hex) && Convert.ToHexStringLower(body) != hex.GetString())
        {
            return $"body {Convert.ToHexStringLower(body)}, expected {hex}";
        }

        if (expect.TryGetProperty("bodyUtf8", out var text) && Encoding.UTF8.GetString(body) != text.GetString())
        {
            return "body text differs";
        }

        if (expect.TryGetProperty("bodyContains", out var parts) && parts.EnumerateArray().FirstOrDefault(p => !Encoding.UTF8.GetString(body).Contains(p.GetString()!, StringComparison.Ordinal)) is { ValueKind: JsonValueKind.String } missing)
        {
            return $"body lacks {missing}";
        }

        return expect.TryGetProperty("carCids", out var cids) ? await CarProblemAsync(body, cids, expect) : null;
    }

    private static async Task<string?> CarProblemAsync(byte[] body, JsonElement cids, JsonElement expect)
    {
        var reader = await CarReader.OpenAsync(new MemoryStream(body));
        if (expect.TryGetProperty("carRoots", out var roots) && !roots.EnumerateArray().Select(r => Cid.Parse(r.GetString()!)).SequenceEqual(reader.Roots))
        {
            return $"roots {string.Join(',', reader.Roots)}";
        }

        var found = new List<Cid>();
        while (await reader.ReadAsync() is { } section)
        {
            found.Add(section.ToVerifiedBlock().Cid);
        }

        var expected = cids.EnumerateArray().Select(c => Cid.Parse(c.GetString()!)).ToList();
        if (!expect.TryGetProperty("order", out var order) || order.GetString() == "exact")
        {
            return found.SequenceEqual(expected) ? null : $"CAR holds {string.Join(',', found)}";
        }

        return found.ToHashSet().SetEquals(expected) ? null : $"CAR holds {string.Join(',', found)}";
    }

    private static string? Header(HttpResponseMessage response, string name)
    {
        IEnumerable<string>? values = null;
        _ = response.Headers.TryGetValues(name, out values) || response.Content.Headers.TryGetValues(name, out values);
        return values is null ? null : string.Join(", ", values);
    }

    // The index's little language: equal; contains a, b; matches REGEX; has a, b (list members); present; absent, or …
    private static bool Matches(string? actual, string rule)
    {
        if (rule.StartsWith("absent, or ", StringComparison.Ordinal))
        {
            return actual is null || Matches(actual, rule["absent, or ".Length..]);
        }

        if (actual is null)
        {
            return false;
        }

        if (rule == "present")
        {
            return actual.Length > 0;
        }

        if (rule.StartsWith("contains ", StringComparison.Ordinal))
        {
            return rule["contains ".Length..].Split([", ", " and "], StringSplitOptions.None).All(part => actual.Contains(part, StringComparison.Ordinal));
        }

        if (rule.StartsWith("matches ", StringComparison.Ordinal))
        {
            return Regex.IsMatch(actual, rule["matches ".Length..], RegexOptions.None, TimeSpan.FromMinutes(1));
        }

        if (rule.StartsWith("has ", StringComparison.Ordinal))
        {
            return rule["has ".Length..].Split(", ").Except(actual.Split(',', StringSplitOptions.TrimEntries), StringComparer.OrdinalIgnoreCase).FirstOrDefault() is null;
        }

        // Directives of Cache-Control come in any order, and max-age>= gives a lower bound.
        if (rule.Contains("max-age", StringComparison.Ordinal))
        {
            return rule.Split(", ").All(want => actual.Split(", ").Any(have => want.StartsWith("max-age>=", StringComparison.Ordinal)
                ? have.StartsWith("max-age=", StringComparison.Ordinal) && int.Parse(have[8..]) >= int.Parse(want[9..])
                : have == want));
        }

        return actual == rule;
    }
}
