namespace Sojourn.Node.Keeping;

/// <summary>What a keeper is told on its own machine, below its state folder: pool members' words and keys, and shares of keys. Commands write into it while the keeper runs.</summary>
/// <param name="stateFolder">The keeper's state folder.</param>
public sealed class KeeperBooks(string stateFolder)
{
    /// <summary>Pool members' words.</summary>
    public ConsentBook Consents { get; } = new(Path.Combine(stateFolder, "consents"));

    /// <summary>Pool members' keys.</summary>
    public MemberKeys Members { get; } = new(Path.Combine(stateFolder, "members"));

    /// <summary>Shares of content keys.</summary>
    public CustodyBook Custody { get; } = new(Path.Combine(stateFolder, "custody"));
}
