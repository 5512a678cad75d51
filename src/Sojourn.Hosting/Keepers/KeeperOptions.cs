using System.Collections.Immutable;
using Sojourn.Hosting.Nodes;
using Sojourn.Hosting.Yaml;
using Sojourn.Primitives;

namespace Sojourn.Hosting.Keepers;

/// <summary>How a keeper process is set up.</summary>
public sealed record KeeperOptions
{
    /// <summary>A name for people.</summary>
    public string Name { get; init; } = "keeper";

    /// <summary>The owner's key file: the account that offers name, and the key that contents are sealed to.</summary>
    public required string KeysFile { get; init; }

    /// <summary>Where the ledger is served.</summary>
    public required ImmutableArray<Uri> Ledgers { get; init; }

    /// <summary>The ledger that is meant; null takes whichever is there.</summary>
    public Digest? Genesis { get; init; }

    /// <summary>Gateways with drop boxes.</summary>
    public required ImmutableArray<Uri> DropBoxes { get; init; }

    /// <summary>Gateways that headers and policies are fetched from.</summary>
    public ImmutableArray<Uri> Gateways { get; init; } = [];

    /// <summary>The development network's enrolment authority (PEM); null where there is none.</summary>
    public string? EnrolmentFile { get; init; }

    /// <summary>Where uses, decisions and revocations are written down.</summary>
    public required string StateFolder { get; init; }

    /// <summary>The use counter's file below a state folder.</summary>
    /// <param name="stateFolder">The state folder.</param>
    public static string UsesFile(string stateFolder) => Path.Combine(stateFolder, "uses.log");

    /// <summary>The audit log below a state folder.</summary>
    /// <param name="stateFolder">The state folder.</param>
    public static string AuditFile(string stateFolder) => Path.Combine(stateFolder, "audit.jsonl");

    /// <summary>The list of revoked offers below a state folder.</summary>
    /// <param name="stateFolder">The state folder.</param>
    public static string RevokedFile(string stateFolder) => Path.Combine(stateFolder, "revoked");

    /// <summary>Reads a keeper's configuration: YAML. Paths are relative to the file.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="YamlFileException">Something is unknown, missing or out of bounds.</exception>
    public static KeeperOptions Read(string path)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        var root = YamlMap.Parse(Path.GetFileName(path), File.ReadAllText(path));
        var read = new KeeperOptions
        {
            Name = root.Text("Name") ?? "keeper",
            KeysFile = Path.Combine(folder, root.Text("Keys") ?? "keys"),
            StateFolder = Path.Combine(folder, root.Text("State") ?? "state"),
            Ledgers = NodeFile.Addresses(root, "Ledger", needed: true),
            Genesis = root.Text("Genesis") is { } genesis ? (Digest.TryParse(genesis, out var digest) ? digest : throw root.Error("Genesis", "64 hexadecimal digits were expected")) : null,
            DropBoxes = NodeFile.Addresses(root, "DropBox", needed: true),
            EnrolmentFile = root.Text("Enrolment") is { } enrolment ? Path.Combine(folder, enrolment) : null,
            Gateways = NodeFile.Addresses(root, "Gateways", needed: false),
        };
        root.Done();
        return read;
    }
}
