using Sojourn.Testing;
using Xunit;

namespace Sojourn.Contracts.Tests;

/// <summary>Every test of the contracts, run by forge, counted one by one.</summary>
[Trait("speed", "slow")]
public sealed class ContractTests
{
    public static TheoryData<string> Names() => new(Forge.Names());

    [ToolTheory(Forge.Program, "node")]
    [MemberData(nameof(Names))]
    public void Forge_test(string name) => Assert.Null(Forge.FaultOf(name));

    /// <summary>What is deployed is what these sources give: a rebuild writes the same bytes.</summary>
    [ToolFact(Forge.Program, "node", "git")]
    public void Artifacts_are_those_of_the_sources()
    {
        Assert.Null(Forge.FaultOf("HappyPathTest.test_a_job_runs_and_everybody_is_paid"));
        var folder = Path.Combine(Vectors.Checkout, "contracts", "artifacts");
        var before = Read(folder);
        var (exit, output) = Forge.Run("node", "artifacts.mjs");
        Assert.True(exit == 0, output);
        Assert.Equal(before, Read(folder));
    }

    private static SortedDictionary<string, string> Read(string folder) =>
        new(Directory.EnumerateFiles(folder, "*.json").ToDictionary(file => Path.GetFileName(file)!, File.ReadAllText), StringComparer.Ordinal);

    /// <summary>Every contract fits in what EIP-170 allows.</summary>
    [Fact]
    public void Contracts_are_small_enough()
    {
        foreach (var file in Directory.EnumerateFiles(Path.Combine(Vectors.Checkout, "contracts", "artifacts"), "*.json"))
        {
            using var document = System.Text.Json.JsonDocument.Parse(File.ReadAllText(file));
            Assert.True((document.RootElement.GetProperty("bytecode").GetString()!.Length / 2) - 1 <= 49_152, file);
        }
    }
}
