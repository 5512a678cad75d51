namespace Sojourn.Hosting.Devnet;

/// <summary>How a development network is made.</summary>
public sealed record DevnetOptions
{
    /// <summary>Where its state lies.</summary>
    public required string Folder { get; init; }

    /// <summary>The published enclave.</summary>
    public required string EnclaveFolder { get; init; }

    /// <summary>Nodes that hold data and execute.</summary>
    /// <value>Default 4.</value>
    public int Nodes { get; init; } = 4;

    /// <summary>Further nodes that only verify.</summary>
    /// <value>Default 3.</value>
    public int Verifiers { get; init; } = 3;

    /// <summary>Whether nodes that execute verify others too; who verified in a job cannot execute in it later.</summary>
    /// <value>Default true.</value>
    public bool ExecutorsVerify { get; init; } = true;

    /// <summary>How long one height lasts.</summary>
    /// <value>Default 25 ms.</value>
    public TimeSpan Height { get; init; } = TimeSpan.FromMilliseconds(25);

    /// <summary>The full path of bubblewrap; null where there is none, and enclaves start without namespaces.</summary>
    public string? Bubblewrap { get; init; }

    /// <summary>The full path of swtpm: every node then has a software TPM of its own and proves at level tpm. Null: evidence is simulated.</summary>
    public string? SoftwareTpm { get; init; }

    /// <summary>Whether the ledger is a contract on a development chain (anvil) instead of the embedded one.</summary>
    public bool Ethereum { get; init; }

    /// <summary>Told of everything that happens at a party, by name.</summary>
    public Action<string, Node.Journal.JournalEntry>? Listener { get; init; }
}
