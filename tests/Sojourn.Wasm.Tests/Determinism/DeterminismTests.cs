using Sojourn.Testing;
using Sojourn.Wasm.Cache;
using Sojourn.Wasm.Tests.Child;
using Sojourn.Wasm.Tests.Spec;
using Xunit.Abstractions;

namespace Sojourn.Wasm.Tests.Determinism;

/// <summary>Results, traps, NaN bits and fuel are the same in every tier, however the platform compiles and whatever the processor can do.</summary>
public sealed class DeterminismTests(ITestOutputHelper output)
{
    /// <summary>Switches of the platform, and what the child must say of itself for the switch to have taken effect.</summary>
    public static TheoryData<string, string> Switches => new()
    {
        { "", "" },
        { "DOTNET_EnableAVX512=0", "avx512=False" },
        { "DOTNET_EnableAVX2=0", "avx2=False" },
        { "DOTNET_EnableAVX=0", "avx=False" },
        { "DOTNET_EnableHWIntrinsic=0", "avx=False" },
        { "DOTNET_TieredPGO=0", "pgo=off" },
        { "DOTNET_TieredCompilation=0", "tiered=off" },
        { "DOTNET_ReadyToRun=0", "" },
    };

    /// <summary>What is written down; <c>SOJOURN_GOLDEN=write</c> writes it anew, which is a change of behaviour that receipts would show.</summary>
    [Theory]
    [InlineData("interpreter")]
    [InlineData("guard")]
    [InlineData("bounds")]
    public void Every_tier_gives_what_is_written_down(string tier)
    {
        var lines = new[] { FuelMode.Path, FuelMode.Exact }.SelectMany(fuel => Golden.Lines(fuel, bytes => WasmModule.Load(bytes, Golden.Options(tier, fuel)))).ToList();
        if (Environment.GetEnvironmentVariable("SOJOURN_GOLDEN") == "write" && tier == "interpreter")
        {
            File.WriteAllLines(Golden.File, lines);
        }

        Assert.Equal(File.ReadAllLines(Golden.File), lines);
    }

    [Fact]
    public void Persisted_code_gives_what_is_written_down()
    {
        if (Precompiler.Find() is not { } compiler)
        {
            output.WriteLine("skipped: crossgen2 is not there");
            return;
        }

        var options = Golden.Options("guard", FuelMode.Path);
        var binaries = new List<byte[]>();
        Golden.Lines(FuelMode.Path, bytes =>
        {
            binaries.Add(bytes);
            return WasmModule.Load(bytes, options);
        });
        var persisted = PersistedModules.Compile(binaries, options, compiler);
        var lines = Golden.Lines(FuelMode.Path, bytes => persisted.Load(bytes, options));
        Assert.Equal(File.ReadAllLines(Golden.File).Where(x => x.StartsWith("Path ", StringComparison.Ordinal)), lines);
    }

    /// <summary>In processes of their own: golden programs in both compiled tiers, and generated ones in all.</summary>
    [Theory]
    [MemberData(nameof(Switches))]
    [Trait("speed", "slow")]
    public void Switches_of_the_platform_change_nothing(string setting, string sign)
    {
        var result = ChildProcess.Run("determinism", setting);
        output.WriteLine(result.Row(setting));
        Assert.True(result.ExitCode == 0, result.Error);
        Assert.Contains(sign, result.Outcome, StringComparison.Ordinal);
        Assert.Contains("same", result.Outcome, StringComparison.Ordinal);

        // Generated programs: the same digest as in this process, which runs with the platform's defaults.
        Assert.EndsWith(DeterminismScenario.DigestOfGenerated("interpreter"), result.Outcome, StringComparison.Ordinal);
    }
}
