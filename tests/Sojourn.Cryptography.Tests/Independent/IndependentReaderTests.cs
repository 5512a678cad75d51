using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using Sojourn.Cryptography.Custody;
using Sojourn.Cryptography.Sealing;
using Sojourn.Cryptography.Secrets;
using Sojourn.Cryptography.Tests.Sealing;
using Sojourn.Primitives;
using Sojourn.Testing;
using Xunit;

namespace Sojourn.Cryptography.Tests.Independent;

/// <summary>Sealed content and shares, read by a program that was written from the normative text alone.</summary>
public sealed class IndependentReaderTests
{
    private const string VectorFile = "docs/protocol/vectors/sealed-1.json";

    [ToolFact("node")]
    public void It_opens_what_we_seal_with_the_recipients_key()
    {
        foreach (var (size, padding) in new[] { (0, SizePadding.None), (1, SizePadding.Padme), (240, SizePadding.None), (5000, SizePadding.Padme) })
        {
            var plain = Sealed.Random(size);
            var made = Sealed.Make(plain, 256, padding);
            var answer = Ask(Request(made));
            Assert.Equal(Hex.Of(plain), answer.GetProperty("content").GetString());
            Assert.Equal("name", answer.GetProperty("name").GetString());

            var bad = made with { Body = (byte[])made.Body.Clone() };
            bad.Body[^1] ^= 1;
            Assert.True(Ask(Request(bad)).TryGetProperty("refused", out _));
        }
    }

    [ToolFact("node")]
    public void It_reads_directories()
    {
        using var sealer = new ContentSealer(new SealingOptions { Recipients = [Sealed.Recipient.Public], ChunkSize = 256 });
        var body = Sealed.ReadAll(sealer.SealDirectory(
        [
            new SealedDirectorySource("b/ü", SealedEntryKind.File, () => new MemoryStream(Sealed.Random(700))),
            new SealedDirectorySource("a", SealedEntryKind.File, () => new MemoryStream([1, 2, 3])),
            new SealedDirectorySource("c", SealedEntryKind.Directory),
        ]));
        var answer = Ask(Request(new Sealed(sealer.Finish(Cid.ForRaw(body)), body)));
        var files = answer.GetProperty("files");
        Assert.Equal("010203", files.GetProperty("a").GetString());
        Assert.Equal(Hex.Of(Sealed.Random(700)), files.GetProperty("b/ü").GetString());
    }

    [ToolFact("node")]
    public void It_combines_our_shares()
    {
        using var secret = SecretKey.Random();
        var shares = ShareSet.Deal(secret, 3, 5);
        var list = new JsonArray();
        foreach (var index in new[] { 5, 2, 4 })
        {
            using var lease = shares[index - 1].Lend();
            list.Add(new JsonObject { ["index"] = index, ["value"] = Hex.Of(lease.Span) });
        }

        using var whole = secret.Lend();
        Assert.Equal(Hex.Of(whole.Span), Ask(new JsonObject { ["action"] = "combine", ["shares"] = list }).GetProperty("secret").GetString());
    }

    /// <summary>The published vectors are what the code makes, bit for bit, and the other reader opens them.</summary>
    [Fact]
    public void The_published_vectors_are_the_codes()
    {
        var made = MakeVectors();
        var path = Path.Combine(Vectors.Checkout, VectorFile);
        Assert.True(File.Exists(path), $"{VectorFile} is missing; its text would be:\n{made}");
        Assert.Equal(File.ReadAllText(path).ReplaceLineEndings("\n"), made);
    }

    [ToolFact("node")]
    public void The_published_vectors_are_the_texts()
    {
        using var document = JsonDocument.Parse(MakeVectors());
        foreach (var vector in document.RootElement.GetProperty("vectors").EnumerateArray())
        {
            var answer = Ask(new JsonObject
            {
                ["action"] = "open",
                ["header"] = vector.GetProperty("header").GetString(),
                ["body"] = vector.GetProperty("sealedBody").GetString(),
                ["contentKey"] = vector.GetProperty("contentKey").GetString(),
            });
            Assert.Equal(vector.GetProperty("content").GetString(), answer.GetProperty("content").GetString());
        }
    }

    /// <summary>Without recipients nothing in a header is random.</summary>
    private static string MakeVectors()
    {
        var vectors = new JsonArray();
        foreach (var (name, size, chunk, padding) in new[] { ("empty", 0, 64, SizePadding.None), ("one chunk, full", 48, 64, SizePadding.None), ("three chunks, padded", 101, 64, SizePadding.Padme) })
        {
            byte[] key = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];
            byte[] salt = [.. Enumerable.Range(32, 32).Select(i => (byte)i)];
            byte[] content = [.. Enumerable.Range(0, size).Select(i => (byte)(i * 7))];
            var policy = Cid.ForDagCbor([0xA0]);
            using var sealer = new ContentSealer(new SealingOptions { Recipients = [], Policy = policy, ChunkSize = chunk, Padding = padding, Name = "vector" }, SecretKey.CopyOf(key), salt);
            var body = Sealed.ReadAll(sealer.SealFile(new MemoryStream(content)));
            var header = sealer.Finish(Cid.ForRaw(body));
            vectors.Add(new JsonObject
            {
                ["name"] = name,
                ["contentKey"] = Hex.Of(key),
                ["salt"] = Hex.Of(salt),
                ["chunk"] = chunk,
                ["padding"] = padding == SizePadding.Padme ? "padme" : "none",
                ["policy"] = policy.ToString(),
                ["content"] = Hex.Of(content),
                ["sealedBody"] = Hex.Of(body),
                ["body"] = header.Body.ToString(),
                ["header"] = Hex.Of(header.Encode()),
                ["cid"] = header.Cid.ToString(),
            });
        }

        return new JsonObject { ["what"] = "Sealed content without recipients, so that every byte is determined (docs/protocol/cryptography.md, section 2).", ["vectors"] = vectors }
            .ToJsonString(new JsonSerializerOptions { WriteIndented = true }).ReplaceLineEndings("\n") + "\n";
    }

    private static JsonObject Request(Sealed made)
    {
        using var scalar = Sealed.Recipient.ExportScalar();
        using var lease = scalar.Lend();
        return new JsonObject { ["action"] = "open", ["header"] = Hex.Of(made.Header.Encode()), ["body"] = Hex.Of(made.Body), ["privateKey"] = Hex.Of(lease.Span) };
    }

    internal static JsonElement Ask(JsonObject request)
    {
        using var process = Process.Start(new ProcessStartInfo("node", [Path.Combine(Vectors.Checkout, "tests/Sojourn.Cryptography.Tests/Independent/reader.mjs")])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        process.StandardInput.Write(request.ToJsonString());
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        return JsonDocument.Parse(output).RootElement;
    }
}
