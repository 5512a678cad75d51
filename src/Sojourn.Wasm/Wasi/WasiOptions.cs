namespace Sojourn.Wasm.Wasi;

/// <summary>What a guest is handed. Nothing is the default of everything: no arguments, no environment, empty input, output thrown away, no
/// files, no clock, no randomness, no sockets.</summary>
public sealed class WasiOptions
{
    private readonly List<(string GuestPath, WasiDirectory Directory)> _directories = [];
    private readonly List<WasiSocket> _sockets = [];

    /// <summary>The program's arguments; the first is its name by convention.</summary>
    public IList<string> Arguments { get; } = [];

    /// <summary>Environment variables in the order the guest sees them, <c>NAME</c> and value.</summary>
    public IList<KeyValuePair<string, string>> Environment { get; } = [];

    /// <summary>Descriptor 0.</summary>
    /// <value>Default <see cref="WasiStream.Null"/>.</value>
    public WasiStream StandardInput { get; set; } = WasiStream.Null;

    /// <summary>Descriptor 1.</summary>
    /// <value>Default <see cref="WasiStream.Null"/>.</value>
    public WasiStream StandardOutput { get; set; } = WasiStream.Null;

    /// <summary>Descriptor 2.</summary>
    /// <value>Default <see cref="WasiStream.Null"/>.</value>
    public WasiStream StandardError { get; set; } = WasiStream.Null;

    /// <summary>Clocks and waiting; without them <c>clock_*</c> and waits in <c>poll_oneoff</c> give <c>ENOTCAPABLE</c>.</summary>
    /// <value>Default none.</value>
    public WasiClock? Clock { get; set; }

    /// <summary>Random bytes; without them <c>random_get</c> gives <c>ENOTCAPABLE</c>.</summary>
    /// <value>Default none.</value>
    public WasiRandom? Random { get; set; }

    /// <summary>Bounds.</summary>
    public WasiLimits Limits { get; } = new();

    /// <summary>What calls cost in fuel; matters where modules are metered.</summary>
    /// <value><see cref="WasiPrices.Free"/>.</value>
    public WasiPrices Prices { get; set; } = WasiPrices.Free;

    /// <summary>Ends waits of the guest: a blocked read, an accept, a sleep.</summary>
    /// <value>Default none.</value>
    public CancellationToken Cancellation { get; set; }

    /// <summary>Directories handed in, in the order of their descriptors (from 3 on).</summary>
    public IReadOnlyList<(string GuestPath, WasiDirectory Directory)> Directories => _directories;

    /// <summary>Sockets handed in; their descriptors follow those of the directories.</summary>
    public IReadOnlyList<WasiSocket> Sockets => _sockets;

    /// <summary>Options of the deterministic profile: a <see cref="VirtualClock"/> and randomness from a seed. Together with in-memory
    /// files and input known beforehand, the same inputs give the same bytes on every machine.</summary>
    /// <param name="seed">Seeds <see cref="Random"/>; in a job it is derived from the job.</param>
    /// <param name="start">Wall time at the start, default <see cref="VirtualClock.DefaultStart"/>.</param>
    /// <returns>Options to add arguments, input and in-memory directories to.</returns>
    public static WasiOptions Deterministic(ReadOnlySpan<byte> seed, DateTimeOffset? start = null) =>
        new() { Clock = new VirtualClock(start), Random = WasiRandom.FromSeed(seed) };

    /// <summary>Whether the guest can learn nothing but what it was handed: virtual or no clock, seeded or no randomness, no host directory,
    /// no socket.</summary>
    public bool IsDeterministic =>
        Clock is null or VirtualClock
        && Random is null or SeededRandom
        && _sockets.Count == 0
        && _directories.TrueForAll(d => d.Directory.IsDeterministic);

    /// <summary>Hands the guest a directory.</summary>
    /// <param name="guestPath">The name under which the guest knows it, such as <c>/</c> or <c>/data</c>.</param>
    /// <param name="directory">The directory.</param>
    /// <returns>These options.</returns>
    public WasiOptions AddDirectory(string guestPath, WasiDirectory directory)
    {
        ArgumentException.ThrowIfNullOrEmpty(guestPath);
        ArgumentNullException.ThrowIfNull(directory);
        RequireNoNul(guestPath, nameof(guestPath));
        _directories.Add((guestPath, directory));
        return this;
    }

    /// <summary>Hands the guest a socket.</summary>
    /// <param name="socket">A connection or a listener.</param>
    /// <returns>These options.</returns>
    public WasiOptions AddSocket(WasiSocket socket)
    {
        ArgumentNullException.ThrowIfNull(socket);
        _sockets.Add(socket);
        return this;
    }

    /// <summary>Sets an environment variable.</summary>
    /// <param name="name">Its name, without <c>=</c>.</param>
    /// <param name="value">Its value.</param>
    /// <returns>These options.</returns>
    public WasiOptions AddEnvironment(string name, string value)
    {
        Environment.Add(new KeyValuePair<string, string>(name, value));
        return this;
    }

    /// <summary>Adds arguments.</summary>
    /// <param name="arguments">The program's name and what follows it.</param>
    /// <returns>These options.</returns>
    public WasiOptions AddArguments(params ReadOnlySpan<string> arguments)
    {
        foreach (var argument in arguments)
        {
            Arguments.Add(argument);
        }

        return this;
    }

    internal static void RequireNoNul(string text, string name)
    {
        if (text is null || text.Contains('\0', StringComparison.Ordinal))
        {
            throw new ArgumentException("The text must not hold a NUL character: the guest would see it cut off there.", name);
        }
    }
}
