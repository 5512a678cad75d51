using Sojourn.Hosting.Nodes;
using Sojourn.Hosting.Yaml;

namespace Sojourn.Jobs.Tests.Nodes;

/// <summary>The file in which an operator says what a node may do.</summary>
public sealed class NodeFileTests
{
    private const string Least = "Ledger: http://127.0.0.1:1\nDropBox: http://127.0.0.1:2\n";

    [Fact]
    public void What_is_left_out_has_careful_defaults()
    {
        var options = Parse(Least);
        Assert.Equal(IsolationRule.Required, options.Isolation);
        Assert.Null(options.Listen);
        Assert.Equal(2, options.Rules.JobsMax);
        Assert.True(options.Rules.Executes);
        Assert.EndsWith("state", options.StateFolder, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_limit_is_read()
    {
        var options = Parse(Least + "Limits:\n  Jobs: 5\n  Memory: 2GiB\n  Disk: 10GB\n  DiskFree: 1GiB\n  FetchedPerDay: 20GB\n  FetchedPerSecond: 10MB\n  Processors: 0-1\n  Hours: [22-2, 12]\n  Verify: false\nPrice:\n  PayMin: 7\n");
        Assert.Equal(5, options.Rules.JobsMax);
        Assert.Equal(2048u, options.Rules.MemoryMebibytesMax);
        Assert.Equal(10_000_000_000, options.Rules.DiskBytesMax);
        Assert.Equal(1L << 30, options.Rules.DiskFreeMin);
        Assert.Equal(20_000_000_000, options.Rules.FetchedBytesPerDay);
        Assert.Equal(10_000_000, options.FetchedBytesPerSecond);
        Assert.Equal("0-1", options.Processors);
        Assert.Equal([0, 1, 12, 22, 23], options.Rules.Hours.Order());
        Assert.False(options.Rules.Verifies);
        Assert.Equal("7", options.Rules.PayMin.ToString());
    }

    [Theory]
    [InlineData("Ledger: http://127.0.0.1:1\n", "DropBox")]
    [InlineData(Least + "Limit:\n  Jobs: 1\n", "did you mean Limits")]
    [InlineData(Least + "Limits:\n  Hours: [25]\n", "hours of the day")]
    [InlineData(Least + "Limits:\n  Requesters: [nobody]\n", "an account")]
    [InlineData(Least + "Isolation: none\n", "required")]
    public void Mistakes_are_named(string text, string expected) =>
        Assert.Contains(expected, Assert.Throws<YamlFileException>(() => Parse(text)).Message, StringComparison.OrdinalIgnoreCase);

    private static NodeOptions Parse(string text) => NodeFile.Parse("/somewhere/node.yaml", text, "/enclave", null);
}
