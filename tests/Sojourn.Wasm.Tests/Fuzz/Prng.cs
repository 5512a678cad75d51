namespace Sojourn.Wasm.Tests.Fuzz;

/// <summary>SplitMix64: small, the same everywhere, good enough to draw programs with.</summary>
internal sealed class Prng(ulong seed)
{
    private readonly IReadOnlyList<ulong>? replayed;
    private ulong state = seed;
    private int at;

    /// <summary>Draws what is written down, and zeros after that.</summary>
    public Prng(IReadOnlyList<ulong> draws)
        : this(0) => replayed = draws;

    /// <summary>Where draws are written down, or null.</summary>
    public List<ulong>? Drawn { get; init; }

    public ulong Next()
    {
        var value = replayed is null ? Random() : at < replayed.Count ? replayed[at++] : 0;
        Drawn?.Add(value);
        return value;
    }

    private ulong Random()
    {
        state += 0x9E3779B97F4A7C15;
        var z = state;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>A number from 0 up to but not including <paramref name="limit"/>.</summary>
    public int Below(int limit) => (int)(Next() % (uint)limit);

    public bool OneIn(int n) => Below(n) == 0;

    public T Pick<T>(IReadOnlyList<T> list) => list[Below(list.Count)];
}
