using Sojourn.Wasm.Tests.Fuzz.Generation;
using Sojourn.Wasm.Text;

namespace Sojourn.Wasm.Tests.Fuzz;

/// <summary>Makes programs smaller that the tiers disagree on, by leaving out and zeroing random draws: whatever is drawn, the program is valid.</summary>
internal sealed class Shrinker(Differential differential)
{
    private const int TriesMax = 6_000;

    private int tries;
    private ulong seed;
    private string[]? wanted;

    /// <summary>The smallest program found, as text, with the calls and what each tier says of them.</summary>
    public string Shrink(ulong seed)
    {
        this.seed = seed;
        var draws = new List<ulong>();
        ModuleGenerator.Generate(new Prng(seed) { Drawn = draws }, differential.Generator);
        if (!Differs(draws))
        {
            return $"0x{seed:x}: the tiers agree";
        }

        for (var before = draws.Count + 1; tries < TriesMax && draws.Count < before;)
        {
            before = draws.Count;
            for (var chunk = Math.Max(1, draws.Count / 2); chunk > 0; chunk /= 2)
            {
                Pass(draws, chunk);
            }
        }

        var program = ModuleGenerator.Generate(new Prng(draws), differential.Generator, seed);
        File.WriteAllBytes(Path.Combine(Path.GetTempPath(), $"sojourn-fuzz-{seed:x}-small.wasm"), program.Bytes);
        var calls = string.Join('\n', program.Calls.Select(x => $"{x.Export} {string.Join(' ', x.Arguments.Select(a => a.Value))}"));
        var seen = differential.Tiers.Select(x => x.Name + ": " + string.Join("; ", differential.Run(program, x.Options)));
        return $"{Wat.FromBinary(program.Bytes)}\n{calls}\n{string.Join('\n', seen)}";
    }

    private void Pass(List<ulong> draws, int chunk)
    {
        for (var at = 0; at < draws.Count && tries < TriesMax;)
        {
            var count = Math.Min(chunk, draws.Count - at);
            var kept = draws.GetRange(at, count);
            draws.RemoveRange(at, count);
            if (Differs(draws))
            {
                continue;
            }

            draws.InsertRange(at, Enumerable.Repeat(0UL, count));
            if (kept.TrueForAll(x => x == 0) || !Differs(draws))
            {
                for (var i = 0; i < count; i++)
                {
                    draws[at + i] = kept[i];
                }
            }

            at += count;
        }
    }

    private bool Differs(List<ulong> draws)
    {
        tries++;
        var program = ModuleGenerator.Generate(new Prng(draws), differential.Generator, seed);
        var reference = differential.Run(program, differential.Tiers[0].Options);
        var differing = differential.Tiers.Skip(1).Where(x =>
        {
            var seen = differential.Run(program, x.Options);
            return seen.Count != reference.Count || seen.Where((value, i) => !Outcome.Agree(value, reference[i])).Any();
        }).Select(x => x.Name).ToArray();

        // The same tiers as at first, so that one fault does not turn into another.
        wanted ??= differing;
        return wanted.Length > 0 && wanted.All(differing.Contains) && !reference[0].StartsWith("refused", StringComparison.Ordinal);
    }
}
