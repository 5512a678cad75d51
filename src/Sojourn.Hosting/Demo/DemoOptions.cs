namespace Sojourn.Hosting.Demo;

/// <summary>What the demonstration runs on.</summary>
public sealed record DemoOptions
{
    /// <summary>Where its state and artefacts lie.</summary>
    public required string Folder { get; init; }

    /// <summary>The published enclave.</summary>
    public required string EnclaveFolder { get; init; }

    /// <summary>The data owner's table: comma-separated, with a header line.</summary>
    public required string DataFile { get; init; }

    /// <summary>The lab's program (WebAssembly, WASI preview 1).</summary>
    public required string AppFile { get; init; }

    /// <summary>The program's arguments; the table is at <c>/in/table</c>, output goes below <c>/output</c>.</summary>
    public required IReadOnlyList<string> Arguments { get; init; }

    /// <summary>The data owner's guard; null for none.</summary>
    public string? GuardFile { get; init; }

    /// <summary>The guard's arguments.</summary>
    public IReadOnlyList<string> GuardArguments { get; init; } = [];

    /// <summary>The full path of bubblewrap; null where there is none.</summary>
    public string? Bubblewrap { get; init; }

    /// <summary>The full path of swtpm, for software TPMs; null for simulated evidence.</summary>
    public string? SoftwareTpm { get; init; }

    /// <summary>How much output the data owner's policy allows.</summary>
    public long OutputBytesMax { get; init; } = 64 << 10;

    /// <summary>Whether the ledger is a contract on a development chain.</summary>
    public bool Ethereum { get; init; }
}
