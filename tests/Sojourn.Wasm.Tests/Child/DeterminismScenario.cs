using System.Runtime.Intrinsics.X86;
using System.Security.Cryptography;
using System.Text;
using Sojourn.Wasm.Tests.Determinism;

namespace Sojourn.Wasm.Tests.Child;

/// <summary>Runs the golden programs under whatever switches the process has.</summary>
internal static class DeterminismScenario
{
    private static readonly string[] Compiled = ["guard", "bounds"];
    private static readonly FuelMode[] Modes = [FuelMode.Path, FuelMode.Exact];

    /// <summary>What the process is like, whether all is as written down and equal among tiers, and a digest of what generated programs did.</summary>
    public static string Run()
    {
        var self = $"avx={Avx.IsSupported} avx2={Avx2.IsSupported} avx512={Avx512F.IsSupported} tiered={(Off("TieredCompilation") ? "off" : "on")} pgo={(Off("TieredPGO") ? "off" : "on")}";
        var golden = File.ReadAllLines(Golden.File);
        foreach (var tier in Compiled)
        {
            var lines = Modes.SelectMany(fuel => Golden.Lines(fuel, bytes => WasmModule.Load(bytes, Golden.Options(tier, fuel)))).ToArray();
            if (!lines.SequenceEqual(golden))
            {
                return $"{self} {tier} differs: {lines.Zip(golden).FirstOrDefault(x => x.First != x.Second)}";
            }
        }

        var wanted = Modes.SelectMany(fuel => Golden.OfGenerated(fuel, "interpreter")).ToArray();
        foreach (var tier in Compiled)
        {
            var seen = Modes.SelectMany(fuel => Golden.OfGenerated(fuel, tier)).ToArray();
            if (!seen.SequenceEqual(wanted))
            {
                return $"{self} {tier} differs: {string.Join(' ', wanted.Zip(seen).Where(x => x.First != x.Second))}";
            }
        }

        return $"{self} same {DigestOfGenerated("interpreter")}";
    }

    /// <summary>Of all that generated programs do in a tier, in both ways to count fuel.</summary>
    public static string DigestOfGenerated(string tier) =>
        Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', Modes.SelectMany(fuel => Golden.OfGenerated(fuel, tier))))).AsSpan(0, 8));

    private static bool Off(string name) => Environment.GetEnvironmentVariable("DOTNET_" + name) == "0";
}
