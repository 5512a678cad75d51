using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Sojourn.Enclave.Tests.Harness;
using Sojourn.Hosting.JobFiles;
using Sojourn.Testing;

namespace Sojourn.Enclave.Tests.Examples;

/// <summary>Every example, from its own job file, over sealed code and sealed data in an enclave, against an answer that is computed here in another way.</summary>
public sealed partial class ExampleTests
{
    private const string Data = "examples/data/node_modules/vega-datasets/data/";
    private static readonly string Root = Vectors.Checkout;

    [ToolFact(Data + "birdstrikes.csv")]
    public async Task Statistics_over_private_records()
    {
        var text = Encoding.UTF8.GetString((await RunAsync("statistics", "guests/statistics/group-statistics.wasm", "birdstrikes.csv"))["result.csv"]);
        var rows = Rows("birdstrikes.csv");
        var expected = rows.GroupBy(row => row["Wildlife Species"]).ToDictionary(group => group.Key, group => group.Count());
        var lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("group,count,mean,min,max", lines[0]);
        Assert.Equal(expected.Count, lines.Length - 1);
        foreach (var line in lines.Skip(1))
        {
            var fields = Fields(line);
            Assert.Equal(expected[fields[0]], int.Parse(fields[1], CultureInfo.InvariantCulture));
        }
    }

    [ToolFact(Data + "birdstrikes.csv", "examples/sql/node_modules/better-sqlite3/deps/sqlite3/sqlite3.c", "clang", "wasm-ld")]
    [Trait("speed", "slow")]
    public async Task Sql_over_a_sealed_table()
    {
        BuildSql();
        var text = Encoding.UTF8.GetString((await RunAsync("sql", "examples/sql/query.wasm", "birdstrikes.csv"))["result.csv"]);
        var expected = Rows("birdstrikes.csv").GroupBy(row => row["Origin State"]).Select(group => (State: group.Key, Count: group.Count(), Cost: group.Sum(row => Number(row["Cost Total $"]))))
            .Where(state => state.Count >= 20).OrderByDescending(state => state.Cost).ThenBy(state => state.State, StringComparer.Ordinal).Take(10).ToList();
        Assert.Equal(
            ["state,strikes,cost", .. expected.Select(state => string.Create(CultureInfo.InvariantCulture, $"{state.State},{state.Count},{state.Cost}"))],
            text.Split('\n', StringSplitOptions.RemoveEmptyEntries));

        // What SQL could reach on a machine is not there: no other file, no extension.
        foreach (var sql in (string[])["ATTACH '/etc/passwd' AS p", "SELECT load_extension('x')", "SELECT readfile('/etc/passwd')", "SELECT * FROM nothing"])
        {
            var files = await RunAsync("sql", "examples/sql/query.wasm", "birdstrikes.csv", arguments => [.. arguments[..2], sql], exit: 1);
            Assert.Contains("query: SQL: ", Encoding.UTF8.GetString(files[".sojourn/stderr"]), StringComparison.Ordinal);
        }
    }

    [ToolFact(Data + "volcano.json")]
    public async Task Image_processing()
    {
        var output = await RunAsync("terrain", "examples/terrain/terrain.wasm", "volcano.json");
        using var grid = JsonDocument.Parse(await File.ReadAllBytesAsync(Path.Combine(Root, Data, "volcano.json")));
        var (width, height) = (grid.RootElement.GetProperty("width").GetInt32(), grid.RootElement.GetProperty("height").GetInt32());
        var heights = grid.RootElement.GetProperty("values").EnumerateArray().Select(value => value.GetSingle()).ToArray();
        float At(int x, int y) => heights[(Math.Clamp(y, 0, height - 1) * width) + Math.Clamp(x, 0, width - 1)];
        var smooth = new float[width * height];
        for (var i = 0; i < smooth.Length; i++)
        {
            var (x, y) = (i % width, i / width);
            for (var k = 0; k < 9; k++)
            {
                var (dx, dy) = ((k % 3) - 1, (k / 3) - 1);
                smooth[i] += At(x + dx, y + dy) * (2 - Math.Abs(dx)) * (2 - Math.Abs(dy));
            }

            smooth[i] /= 16;
        }

        var (low, high) = (smooth.Min(), smooth.Max());
        var picture = Picture(output["heights.pgm"], width, height);
        var classes = new int[16];
        for (var i = 0; i < smooth.Length; i++)
        {
            Assert.Equal((byte)((smooth[i] - low) / (high - low) * 255), picture[i]);
            classes[Math.Min(15, (int)((smooth[i] - low) / (high - low) * 16))]++;
        }

        Assert.Equal(string.Join('\n', classes) + "\n", Encoding.ASCII.GetString(output["histogram.txt"]));
        Assert.True(Picture(output["relief.pgm"], width, height).Distinct().Count() > 50, "a flat relief");
    }

    [ToolFact(Data + "seattle-weather.csv")]
    public async Task A_training_step()
    {
        var text = Encoding.ASCII.GetString((await RunAsync("training", "examples/training/train.wasm", "seattle-weather.csv"))["model.txt"]);
        var rows = Rows("seattle-weather.csv");
        string[] features = ["temp_max", "temp_min", "wind"];
        var labels = rows.Select(row => row["weather"] == "rain" ? 1.0 : 0.0).ToArray();
        var columns = features.Select(feature => rows.Select(row => Number(row[feature])).ToArray()).ToArray();
        foreach (var column in columns)
        {
            var mean = column.Average();
            var scale = Math.Sqrt(column.Select(value => (value - mean) * (value - mean)).Average());
            for (var r = 0; r < column.Length; r++)
            {
                column[r] = (column[r] - mean) / scale;
            }
        }

        var weights = new double[3];
        var bias = 0.0;
        for (var step = 0; step < 500; step++)
        {
            var errors = labels.Select((label, r) => (1 / (1 + Math.Exp(-(bias + weights.Select((w, f) => w * columns[f][r]).Sum())))) - label).ToArray();
            var slopes = columns.Select(column => errors.Select((error, r) => error * column[r]).Average()).ToArray();
            bias -= 0.5 * errors.Average();
            weights = [.. weights.Select((w, f) => w - (0.5 * (slopes[f] + (1e-4 * w))))];
        }

        var lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(bias, Last(lines[0]), 6);
        for (var f = 0; f < 3; f++)
        {
            Assert.StartsWith(features[f] + " ", lines[1 + f], StringComparison.Ordinal);
            Assert.Equal(weights[f], Last(lines[1 + f]), 6);
        }

        Assert.Contains($"rows {rows.Count} ", lines[4], StringComparison.Ordinal);
    }

    [ToolFact(Data + "movies.json")]
    public async Task Text_search_over_a_corpus()
    {
        var text = Encoding.ASCII.GetString((await RunAsync("search", "examples/search/search.wasm", "movies.json"))["hits.tsv"]);
        var records = (await File.ReadAllTextAsync(Path.Combine(Root, Data, "movies.json"))).Split('\n').Select(line => Word().Matches(line).Select(match => match.Value.ToLowerInvariant()).ToArray()).ToList();
        var average = records.Average(record => record.Length);
        double Score(string[] record) => new[] { "love", "war" }.Sum(word =>
        {
            var n = records.Count(other => other.Contains(word));
            var times = record.Count(term => term == word);
            return times == 0 ? 0 : Math.Log(1 + ((records.Count - n + 0.5) / (n + 0.5))) * times * 2.2 / (times + (1.2 * (0.25 + (0.75 * record.Length / average))));
        });
        var scores = records.Select(Score).ToList();
        var best = scores.Select((score, line) => (score, line)).Where(pair => pair.score > 0).OrderByDescending(pair => pair.score).ThenBy(pair => pair.line).Take(10).ToList();
        var lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(10, lines.Length);
        for (var i = 0; i < 10; i++)
        {
            var parts = lines[i].Split('\t');
            Assert.Equal(best[i].score, double.Parse(parts[0], CultureInfo.InvariantCulture), 3);
            Assert.Equal(scores[int.Parse(parts[1], CultureInfo.InvariantCulture) - 1], double.Parse(parts[0], CultureInfo.InvariantCulture), 3);
        }
    }

    [ToolFact(Data + "seattle-weather.csv")]
    public async Task Counting_a_stream()
    {
        var output = await RunAsync("count", "examples/count/count.wasm", "seattle-weather.csv");
        var text = await File.ReadAllTextAsync(Path.Combine(Root, Data, "seattle-weather.csv"));
        Assert.Equal($"{text.Length}\n{text.Count(c => c == '\n')}\n{text.Split((char[])[' ', '\n', '\t', '\r'], StringSplitOptions.RemoveEmptyEntries).Length}\n", Encoding.ASCII.GetString(output["counts"]));
    }

    [ToolTheory("clang", "wasm-ld", "wat2wasm", "/usr/bin/rustc", "node", "examples/terrain/node_modules/assemblyscript/bin/asc.js")]
    [InlineData("training", "train.wasm")]
    [InlineData("count", "count.wasm")]
    [InlineData("search", "search.wasm")]
    [InlineData("terrain", "terrain.wasm")]
    [Trait("speed", "slow")]
    public void Every_shipped_program_rebuilds_to_the_same_bytes(string example, string module)
    {
        var output = Directory.CreateTempSubdirectory("sojourn-examples-").FullName;
        try
        {
            Build(example, output);
            Assert.Equal(File.ReadAllBytes(Path.Combine(Root, "examples", example, module)), File.ReadAllBytes(Path.Combine(output, module)));
        }
        finally
        {
            Directory.Delete(output, recursive: true);
        }
    }

    private static async Task<IReadOnlyDictionary<string, byte[]>> RunAsync(string example, string program, string data, Func<string[], string[]>? change = null, uint exit = 0)
    {
        using var scene = new Scene();
        scene.Code = scene.SealedCode(await File.ReadAllBytesAsync(Path.Combine(Root, program)));
        var input = scene.SealedData(await File.ReadAllBytesAsync(Path.Combine(Root, Data, data)));
        var yaml = (await File.ReadAllTextAsync(Path.Combine(Root, "examples", example, "job.yaml"))).Replace("CODE", scene.Code.ToString(), StringComparison.Ordinal).Replace("DATA", input.ToString(), StringComparison.Ordinal);
        var job = JobFile.Parse("job.yaml", yaml);
        Assert.Equal(scene.Code, job.Terms.Code);
        scene.Spec = job.Spec with { Recipients = [scene.Requester.Sealing.Public.Bytes], Arguments = change is null ? job.Spec.Arguments : [.. change([.. job.Spec.Arguments])] };
        scene.FuelMax = job.Terms.FuelMax;
        scene.MemoryMebibytes = job.Terms.MemoryMebibytes;
        var ending = new Host(scene).Run();
        Assert.True(ending.Outcome is not null, ending.Refusal?.Words);
        var files = await scene.OpenAsync(ending.Outcome.Output, ending.Stored);
        Assert.True(ending.Outcome.Statement.Exit == exit, $"exit {ending.Outcome.Statement.Exit:x}, fuel {ending.Outcome.Statement.Fuel}: {Encoding.UTF8.GetString(files[".sojourn/stderr"])}");
        return files;
    }

    private static void BuildSql()
    {
        var module = new FileInfo(Path.Combine(Root, "examples", "sql", "query.wasm"));
        if (!module.Exists || module.LastWriteTimeUtc < File.GetLastWriteTimeUtc(Path.Combine(Root, "examples", "sql", "query.c")))
        {
            Build("sql", null);
        }
    }

    private static void Build(string example, string? output)
    {
        using var build = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo("bash", [Path.Combine(Root, "examples", "build"), example, .. output is null ? [] : new[] { output }]) { RedirectStandardError = true, RedirectStandardOutput = true, UseShellExecute = false })!;
        var said = build.StandardOutput.ReadToEndAsync();
        var error = build.StandardError.ReadToEnd();
        build.WaitForExit();
        Assert.True(build.ExitCode == 0, said.Result + error);
    }

    private static byte[] Picture(byte[] pgm, int width, int height)
    {
        var header = Encoding.ASCII.GetBytes($"P5\n{width} {height}\n255\n");
        Assert.True(pgm.AsSpan().StartsWith(header));
        Assert.Equal(header.Length + (width * height), pgm.Length);
        return pgm[header.Length..];
    }

    private static List<Dictionary<string, string>> Rows(string file)
    {
        var rows = Csv.Rows(Path.Combine(Root, Data, file)).ToList();
        return [.. rows.Skip(1).Select(row => rows[0].Zip(row).ToDictionary(pair => pair.First, pair => pair.Second))];
    }

    // The one column that may be quoted comes first.
    private static string[] Fields(string line)
    {
        var end = line.StartsWith('"') ? line.LastIndexOf('"') + 1 : line.IndexOf(',', StringComparison.Ordinal);
        return [line[..end].Trim('"').Replace("\"\"", "\"", StringComparison.Ordinal), .. line[(end + 1)..].Split(',')];
    }

    private static double Number(string text) => double.Parse(text.Length == 0 ? "0" : text, CultureInfo.InvariantCulture);

    private static double Last(string line) => Number(line.Split(' ')[^1]);

    [GeneratedRegex("[\\p{L}\\p{N}]+")]
    private static partial Regex Word();
}
