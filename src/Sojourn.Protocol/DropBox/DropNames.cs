using Sojourn.Primitives;

namespace Sojourn.Protocol.DropBox;

/// <summary>The names under which a job's parties leave objects.</summary>
public static class DropNames
{
    /// <summary>An executor's evidence.</summary>
    /// <param name="round">The round.</param>
    /// <param name="executor">Whose.</param>
    public static string Evidence(byte round, Address executor) => $"evidence-{round}-{executor}";

    /// <summary>A key wrapped to an executor's enclave.</summary>
    /// <param name="round">The round.</param>
    /// <param name="executor">For whose enclave.</param>
    /// <param name="offer">Under which offer.</param>
    public static string WrappedKey(byte round, Address executor, Digest offer) => $"key-{round}-{executor}-{offer.ToString()[..16]}";

    /// <summary>A receipt bundle.</summary>
    /// <param name="round">The round.</param>
    /// <param name="executor">Whose.</param>
    public static string Receipt(byte round, Address executor) => $"receipt-{round}-{executor}";
}
