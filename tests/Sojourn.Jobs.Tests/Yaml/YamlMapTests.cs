using Sojourn.Hosting.Yaml;

namespace Sojourn.Jobs.Tests.Yaml;

public sealed class YamlMapTests
{
    [Fact]
    public void An_unknown_key_names_the_nearest_one_and_its_line()
    {
        var map = YamlMap.Parse("job.yaml", "Name: x\nCuont: 3\n");
        Assert.Equal("x", map.Text("Name"));
        Assert.Null(map.Number("Count", 1, 9));
        var error = Assert.Throws<YamlFileException>(map.Done);
        Assert.Equal("job.yaml:2: Cuont is not a key that exists here; did you mean Count?", error.Message);
    }

    [Theory]
    [InlineData("64MiB", 64L << 20)]
    [InlineData("1GB", 1_000_000_000L)]
    [InlineData("4096", 4096L)]
    [InlineData("1.5k", 1536L)]
    public void Sizes_have_binary_and_decimal_units(string text, long bytes) => Assert.Equal(bytes, YamlMap.Parse("f", $"A: {text}").Size("A"));

    [Theory]
    [InlineData("250ms", 250)]
    [InlineData("30", 30_000)]
    [InlineData("2m", 120_000)]
    public void Durations_have_units(string text, int milliseconds) => Assert.Equal(milliseconds, YamlMap.Parse("f", $"A: {text}").Duration("A")!.Value.TotalMilliseconds);

    [Theory]
    [InlineData("- a list", "one mapping")]
    [InlineData("A: [unclosed", "this is not YAML")]
    [InlineData("A: &x 1\nB: *x", "anchors and aliases are not taken")]
    [InlineData("A: 1\na: 2", "written twice")]
    [InlineData("A: 12x", "a whole number from 0 to 5")]
    [InlineData("A: {b: 1}", "a single value was expected")]
    public void Bad_files_are_refused_in_words(string text, string words)
    {
        var error = Assert.Throws<YamlFileException>(() =>
        {
            var map = YamlMap.Parse("f", text);
            map.Number("A", 0, 5);
            map.Text("B");
            map.Done();
        });
        Assert.Contains(words, error.Message, StringComparison.Ordinal);
    }

    /// <summary>Found by fuzzing: the YAML library threw exceptions of other kinds, and deep brackets ended the process.</summary>
    [Theory]
    [InlineData("Output:\n  :\n  Size: 1\n")]
    [InlineData("A: 1\n[ B\nR[C: any\n")]
    [InlineData("? [\n: }")]
    public void Texts_that_trip_the_library_are_told_as_malformed_or_read(string text)
    {
        try
        {
            _ = YamlMap.Parse("file.yaml", text);
        }
        catch (YamlFileException e)
        {
            Assert.StartsWith("file.yaml:", e.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData('[')]
    [InlineData('{')]
    public void Deep_nesting_is_refused_before_a_tree_is_built(char bracket)
    {
        var refused = Assert.Throws<YamlFileException>(() => YamlMap.Parse("file.yaml", "A: " + new string(bracket, 500_000)));
        Assert.Contains("file.yaml:1", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_alias_bomb_is_refused()
    {
        var text = "a: &a [x, x]\n" + string.Concat(Enumerable.Range(0, 40).Select(i => $"b{i}: &b{i} [*a, *a]\n"));
        Assert.Contains("anchors", Assert.Throws<YamlFileException>(() => YamlMap.Parse("file.yaml", text)).Message, StringComparison.Ordinal);
    }
}
