using System.Text.Json;
using Sojourn.Primitives;

namespace Sojourn.Hosting.Devnet;

/// <summary>Where a running development network is reached: written when it is up, removed when it goes down.</summary>
/// <param name="ProcessId">The process that hosts it.</param>
/// <param name="Ledger">The ledger's address.</param>
/// <param name="Gateway">The gateway that takes uploads, and the drop box.</param>
/// <param name="Gateways">Every gateway.</param>
/// <param name="Enclave">The enclave's measurement.</param>
/// <param name="Parties">People with keys in this folder.</param>
/// <param name="Nodes">Names of nodes that hold data.</param>
public sealed record DevnetFile(int ProcessId, Uri Ledger, Uri Gateway, IReadOnlyList<Uri> Gateways, string Enclave, IReadOnlyList<string> Parties, IReadOnlyList<string> Nodes)
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>What the network's nodes prove; null means simulated evidence of <see cref="Enclave"/>.</summary>
    public DevnetProof? Proof { get; init; }

    /// <summary>Where the chain of its ledger answers, with the contract after <c>#</c>; null with the embedded ledger.</summary>
    public Uri? Chain { get; init; }

    /// <summary>The file's path.</summary>
    /// <param name="folder">The network's folder.</param>
    public static string PathIn(string folder) => Path.Combine(folder, "network.json");

    /// <summary>A party's key file.</summary>
    /// <param name="folder">The network's folder.</param>
    /// <param name="party">The party.</param>
    public static string KeysOf(string folder, string party) => Path.Combine(folder, "parties", party, "keys");

    /// <summary>Where a party's keeper keeps its state.</summary>
    /// <param name="folder">The network's folder.</param>
    /// <param name="party">The party.</param>
    public static string KeeperOf(string folder, string party) => Path.Combine(folder, "parties", party, "keeper");

    /// <summary>Reads it; null where no network is up.</summary>
    /// <param name="folder">The network's folder.</param>
    public static DevnetFile? Read(string folder) => File.Exists(PathIn(folder)) ? JsonSerializer.Deserialize<DevnetFile>(File.ReadAllText(PathIn(folder))) : null;

    /// <summary>Writes it.</summary>
    /// <param name="folder">The network's folder.</param>
    public void Write(string folder)
    {
        var temporary = PathIn(folder) + ".new";
        File.WriteAllText(temporary, JsonSerializer.Serialize(this, Indented));
        File.Move(temporary, PathIn(folder), overwrite: true);
    }

    /// <summary>The measurement.</summary>
    public Digest EnclaveMeasurement() => Digest.Parse(Enclave);
}
