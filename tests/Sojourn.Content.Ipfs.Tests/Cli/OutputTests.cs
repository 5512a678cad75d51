using System.Text.Json.Nodes;
using Sojourn.Cli.Output;

namespace Sojourn.Content.Ipfs.Tests.Cli;

public class OutputTests
{
    [Theory]
    [InlineData("4096", 4096)]
    [InlineData("4k", 4096)]
    [InlineData("1 MiB", 1 << 20)]
    [InlineData("2GB", 2_000_000_000)]
    public void Sizes_are_read(string text, long bytes)
    {
        Assert.True(Human.TryParseSize(text, out var read));
        Assert.Equal(bytes, read);
    }

    [Theory]
    [InlineData("")]
    [InlineData("-1")]
    [InlineData("1.5k")]
    [InlineData("9999999999999GiB")]
    public void Nonsense_sizes_are_refused(string text) => Assert.False(Human.TryParseSize(text, out _));

    [Theory]
    [InlineData(0, "0 B")]
    [InlineData(1023, "1023 B")]
    [InlineData(1536, "1.5 KiB")]
    [InlineData(1048575, "1.0 MiB")]
    public void Sizes_are_shown(long bytes, string text) => Assert.Equal(text, Human.Size(bytes));

    [Fact]
    public void Progress_tells_share_rate_and_time_left()
        => Assert.Equal("adding   25 %  256.0 MiB of 1.0 GiB  128.0 MiB/s  6 s left", ProgressLine.Format("adding", 256L << 20, 1L << 30, TimeSpan.FromSeconds(2)));

    [Fact]
    public void Control_characters_cannot_reach_the_terminal()
        => Assert.Equal("a\\u001b[31mb\\n\\u202e", TerminalText.Safe("a\x1b[31mb\n\u202e"));

    [Fact]
    public void Yaml_quotes_what_could_be_taken_for_something_else()
    {
        var node = JsonNode.Parse("""{"a":"yes","b":"1.0","c":null,"d":[],"e":[{"f":"x: y","g":true},["h"]],"i":"plain/text","j":""}""");
        Assert.Equal(
            """
            a: "yes"
            b: "1.0"
            c: null
            d: []
            e:
              - f: "x: y"
                g: true
              - - h
            i: plain/text
            j: ""

            """,
            Yaml.Print(node));
    }
}
