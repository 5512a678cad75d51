namespace Sojourn.Node.Enclaves;

/// <summary>How much of the outside an enclave process is cut off from before its first instruction.</summary>
public enum EnclaveSandbox
{
    /// <summary>Bubblewrap: namespaces of its own for users, mounts, processes, network, IPC and host name; a read-only view of its own files alone.</summary>
    Bubblewrap,

    /// <summary>A plain process: only what the enclave shuts by itself (system-call filter, no dump, no core). A production node refuses this.</summary>
    None,
}
