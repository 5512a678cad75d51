using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Sojourn.Attestation.Tests.VectorCases;

/// <summary>One entry of vectors.json. Nothing here knows an entry by its name: another set of the same shape runs without a change.</summary>
public sealed class VectorCase(JsonElement entry)
{
    public JsonElement Entry => entry;

    public string Id => entry.GetProperty("id").GetString()!;

    public string Kind => entry.GetProperty("kind").GetString()!;

    public JsonElement Files => entry.GetProperty("files");

    public JsonElement Expect => entry.GetProperty("expect");

    public string Verdict => Expect.GetProperty("baseline_verdict").GetString()!;

    public string Reason => Expect.GetProperty("reason").GetString()!;

    public DateTimeOffset Time => entry.TryGetProperty("verify_time", out var time) && time.ValueKind == JsonValueKind.String
        ? DateTimeOffset.Parse(time.GetString()!, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal)
        : new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public JsonElement? Field(string name) => entry.TryGetProperty("fields", out var fields) && fields.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    public bool? Check(string name) => Expect.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : null;

    public override string ToString() => Id;

    /// <summary>Paths that a file entry names: a path, a list of them, a folder with a star, or a sentence with paths in it.</summary>
    public IReadOnlyList<string> Paths(string name)
    {
        if (!Files.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null)
        {
            return [];
        }

        var texts = value.ValueKind == JsonValueKind.Array ? value.EnumerateArray().Select(item => item.GetString()!) : [value.GetString()!];
        return texts.SelectMany(VectorSet.PathsIn).ToList();
    }

    public byte[]? Read(string name) => Paths(name) is [var path, ..] ? VectorSet.Bytes(path) : null;
}

/// <summary>Finds the set below the vectors' root.</summary>
internal static partial class VectorSet
{
    public const string Folder = "attestation";

    private static readonly Lazy<IReadOnlyList<VectorCase>> Loaded = new(() =>
    {
        if (!Sojourn.Testing.Vectors.Has($"{Folder}/vectors.json"))
        {
            return [];
        }

        using var document = JsonDocument.Parse(File.ReadAllBytes(Sojourn.Testing.Vectors.PathOf($"{Folder}/vectors.json")));
        return [.. document.RootElement.GetProperty("vectors").EnumerateArray().Select(item => new VectorCase(item.Clone()))];
    });

    public static IReadOnlyList<VectorCase> All => Loaded.Value;

    /// <summary>The cases with a quote that the baseline accepts: what mutations start from.</summary>
    public static IEnumerable<VectorCase> Accepted => All.Where(item => item.Verdict == "accept" && VectorInputs.Kinds.Contains(item.Kind));

    public static TheoryData<string> Names(params string[] kinds)
    {
        var names = new TheoryData<string>();
        foreach (var item in All.Where(item => kinds.Length == 0 || kinds.Contains(item.Kind, StringComparer.Ordinal)))
        {
            names.Add(item.Id);
        }

        return names;
    }

    public static VectorCase Get(string id) => All.First(item => item.Id == id);

    public static string FullPath(string path) => Sojourn.Testing.Vectors.PathOf($"{Folder}/{path}");

    public static byte[] Bytes(string path) => File.ReadAllBytes(FullPath(path));

    public static bool Has(string path) => File.Exists(FullPath(path));

    public static IEnumerable<string> In(string folder) => Directory.Exists(FullPath(folder))
        ? Directory.EnumerateFiles(FullPath(folder)).Order(StringComparer.Ordinal).Select(full => $"{folder.TrimEnd('/')}/{Path.GetFileName(full)}") : [];

    public static IEnumerable<string> PathsIn(string text)
    {
        if (text.EndsWith("/*", StringComparison.Ordinal))
        {
            return In(text[..^2]);
        }

        return PathPattern().Matches(text).Select(match => match.Value).Where(Has);
    }

    /// <summary>Every chain of Intel's TCB signing certificate that the set holds: what a service's response header would carry.</summary>
    public static IEnumerable<byte[]> IntelSigners()
    {
        foreach (var path in In("roots/intel").Where(path => path.EndsWith(".pem", StringComparison.Ordinal)))
        {
            yield return Bytes(path);
        }

        foreach (var full in Directory.EnumerateFiles(FullPath("."), "collateral.json", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(full));
            if (document.RootElement.TryGetProperty("tcb_info_issuer_chain", out var chain))
            {
                yield return Encoding.ASCII.GetBytes(chain.GetString()!);
            }
        }
    }

    [GeneratedRegex(@"[A-Za-z0-9_\-]+(/[A-Za-z0-9_.\-]+)+")]
    private static partial Regex PathPattern();
}
