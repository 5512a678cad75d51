using System.Text;
using Sojourn.Wasm.Compile;
using Sojourn.Wasm.Tests.Fuzz.Generation;
using Sojourn.Wasm.Text;

namespace Sojourn.Wasm.Tests.Fuzz;

/// <summary>One of our ways to run a program.</summary>
internal sealed record Tier(string Name, ModuleOptions Options);

/// <summary>What a comparison found.</summary>
internal sealed class Found
{
    public int Programs { get; set; }

    public long Bytes { get; set; }

    public int Calls { get; set; }

    public int Traps => ByTrap.Values.Sum();

    /// <summary>Calls that trapped, by what the reference calls the trap.</summary>
    public SortedDictionary<string, int> ByTrap { get; } = new(StringComparer.Ordinal);

    /// <summary>Programs that differ from the reference, by tier.</summary>
    public SortedDictionary<string, int> ByTier { get; } = new(StringComparer.Ordinal);

    /// <summary>The first few differences in words; empty where there is none.</summary>
    public string Faults { get; set; } = "";

    /// <summary>Differences by tier, and what was run.</summary>
    public string Differences => string.Join(' ', ByTier.Select(x => $"{x.Key}-differs={x.Value}"));
}

/// <summary>Runs generated programs in several tiers, and in V8 at the same time, and compares all that can be seen of them.</summary>
/// <param name="Tiers">The tiers; the first is the reference where V8 is not.</param>
/// <param name="Generator">What programs may use.</param>
/// <param name="WithV8">Whether V8 is the reference.</param>
internal sealed record Differential(IReadOnlyList<Tier> Tiers, GeneratorOptions Generator, bool WithV8)
{
    private const int Batch = 50;
    private const int ReportsMax = 20;

    /// <summary>What each call may use, where tiers meter.</summary>
    public long Fuel { get; init; } = 1L << 50;

    public string Reference => WithV8 ? "v8" : Tiers[0].Name;

    /// <summary>Runs programs of consecutive seeds until there are enough of them or it is over, on as many threads as are asked for.</summary>
    public Found Run(ulong seed, int most, Func<int, bool> over, OpcodeCoverage? coverage = null, int threads = 1)
    {
        var found = new Found();
        foreach (var tier in Tiers)
        {
            found.ByTier[tier.Name] = 0;
        }

        var faults = new StringBuilder();
        var next = 0;
        if (threads == 1)
        {
            Work();
        }
        else
        {
            Parallel.Invoke(Enumerable.Repeat(Work, threads).ToArray());
        }

        found.Faults = faults.ToString();
        return found;

        void Work()
        {
            using var v8 = WithV8 ? new NodePeer() : null;
            for (int from; !over(Volatile.Read(ref next)) && (from = Interlocked.Add(ref next, Batch) - Batch) < most;)
            {
                var programs = Enumerable.Range(from, Math.Min(Batch, most - from)).Select(i => ModuleGenerator.Generate(seed + (ulong)i, Generator)).ToArray();
                v8?.Send(programs);
                var ours = programs.Select(program => Tiers.Select(tier => Run(program, tier.Options)).ToArray()).ToArray();
                var theirs = v8?.Read();
                lock (found)
                {
                    Add(found, faults, programs, ours, theirs, coverage);
                }
            }
        }
    }

    private void Add(Found found, StringBuilder faults, GeneratedModule[] programs, List<string>[][] ours, List<List<string>>? theirs, OpcodeCoverage? coverage)
    {
        for (var i = 0; i < programs.Length; i++)
        {
            coverage?.Add(programs[i]);
            found.Programs++;
            found.Bytes += programs[i].Bytes.Length;
            found.Calls += programs[i].Calls.Count;
            var reference = theirs?[i] ?? ours[i][0];
            foreach (var trap in reference.Where(x => x.StartsWith("trap ", StringComparison.Ordinal)))
            {
                found.ByTrap[trap[5..]] = found.ByTrap.GetValueOrDefault(trap[5..]) + 1;
            }

            for (var tier = 0; tier < Tiers.Count; tier++)
            {
                Compare(found, faults, programs[i], reference, Tiers[tier].Name, ours[i][tier]);
            }
        }
    }

    private void Compare(Found found, StringBuilder faults, GeneratedModule program, List<string> wanted, string tier, List<string> seen)
    {
        var most = Math.Max(wanted.Count, seen.Count);
        for (var i = 0; i < most; i++)
        {
            if (i < wanted.Count && i < seen.Count && Outcome.Agree(wanted[i], seen[i]))
            {
                continue;
            }

            if (found.ByTier[tier]++ < ReportsMax)
            {
                var path = Path.Combine(Path.GetTempPath(), $"sojourn-fuzz-{program.Seed:x}.wasm");
                File.WriteAllBytes(path, program.Bytes);
                faults.AppendLine($"seed 0x{program.Seed:x}: {Reference} says '{wanted.ElementAtOrDefault(i)}', {tier} says '{seen.ElementAtOrDefault(i)}' (observation {i}; program in {path})");
            }

            return;
        }
    }

    public List<string> Run(GeneratedModule program, ModuleOptions options)
    {
        if (Environment.GetEnvironmentVariable("SOJOURN_FUZZ_TRACE") is { } trace)
        {
            // Should the process die, the last line says of what.
            trace += "." + Environment.CurrentManagedThreadId;
            File.WriteAllText(trace, $"0x{program.Seed:x} {options.Tier} {options.Protection} {string.Join("; ", program.Calls.Select(x => x.Export + " " + string.Join(" ", x.Arguments.Select(a => a.Value))))}");
            File.WriteAllBytes(trace + ".wasm", program.Bytes);
        }

        // Some programs are written as giant functions are.
        FunctionCompiler.LeastDensity = (program.Seed % 8) switch { 3 => Density.Dense, 7 => Density.Densest, _ => Density.Usual };
        try
        {
            return Outcome.Of(program, options, Fuel);
        }
        catch (ModuleException refused)
        {
            return [$"refused {refused.Message}"];
        }
        catch (Exception fault) when (fault is not OutOfMemoryException)
        {
            return [$"{fault.GetType().Name}: {fault.Message} {fault.StackTrace}"];
        }
        finally
        {
            FunctionCompiler.LeastDensity = Density.Usual;
        }
    }
}
