using Sojourn.Primitives;

namespace Sojourn.Hosting.Devnet.Processes;

/// <summary>How a development network of processes is made.</summary>
public sealed record ProcessNetworkOptions
{
    /// <summary>Where its state lies.</summary>
    public required string Folder { get; init; }

    /// <summary>The command line that starts <c>sojourn</c>: a program and its first arguments.</summary>
    public required IReadOnlyList<string> Command { get; init; }

    /// <summary>The published enclave.</summary>
    public required string EnclaveFolder { get; init; }

    /// <summary>Nodes that hold data and execute.</summary>
    /// <value>Default 3.</value>
    public int Nodes { get; init; } = 3;

    /// <summary>Further nodes that only verify.</summary>
    /// <value>Default 4.</value>
    public int Verifiers { get; init; } = 4;

    /// <summary>Owners that get a keeper.</summary>
    public IReadOnlyList<string> Keepers { get; init; } = ["data-owner", "app-owner"];

    /// <summary>People with accounts, besides the owners.</summary>
    public IReadOnlyList<string> Others { get; init; } = ["requester"];

    /// <summary>What each of them owns at the start.</summary>
    public Amount Allocation { get; init; } = 10_000_000;

    /// <summary>How long one height lasts.</summary>
    /// <value>Default 25 ms.</value>
    public TimeSpan Height { get; init; } = TimeSpan.FromMilliseconds(25);

    /// <summary>Whether nodes serve what they hold; else they need outgoing connections alone.</summary>
    public bool Serve { get; init; } = true;

    /// <summary>Whether every executing node gets a software TPM.</summary>
    public bool SoftwareTpm { get; init; }

    /// <summary>Further lines for every node's file.</summary>
    public string NodeLines { get; init; } = "";

    /// <summary>An address that nodes and keepers use in place of the gateway's own, for tests with a proxy between; null for none.</summary>
    public Uri? GatewayBehind { get; init; }

    /// <summary>An address that nodes and keepers use in place of the ledger's own; null for none.</summary>
    public Uri? LedgerBehind { get; init; }

    /// <summary>Told of every line that a process writes, by name.</summary>
    public Action<string, string>? Listener { get; init; }
}
