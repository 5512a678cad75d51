using Sojourn.Primitives;

namespace Sojourn.Protocol.DropBox;

/// <summary>
/// The names under which a job's parties leave objects. Each ends with the beginning of its content's digest, so that nobody can take another's name,
/// the same object can be left again after a crash, and a drop box that hands out other bytes is found out by the name alone.
/// </summary>
public static class DropNames
{
    private const int DigestChars = 32;

    /// <summary>An executor's evidence.</summary>
    /// <param name="round">The round.</param>
    /// <param name="executor">Whose.</param>
    /// <param name="content">The evidence's digest.</param>
    public static string Evidence(byte round, Address executor, in Digest content) => $"evidence-{round}-{executor}-{Short(content)}";

    /// <summary>A key wrapped to an executor's enclave.</summary>
    /// <param name="round">The round.</param>
    /// <param name="executor">For whose enclave.</param>
    /// <param name="content">The wrapped key's digest.</param>
    public static string WrappedKey(byte round, Address executor, in Digest content) => $"key-{round}-{executor}-{Short(content)}";

    /// <summary>A receipt bundle.</summary>
    /// <param name="round">The round.</param>
    /// <param name="executor">Whose.</param>
    /// <param name="content">The receipt's digest.</param>
    public static string Receipt(byte round, Address executor, in Digest content) => $"receipt-{round}-{executor}-{Short(content)}";

    /// <summary>Whether a name is that of these bytes.</summary>
    /// <param name="name">The name.</param>
    /// <param name="content">The bytes.</param>
    public static bool Fits(string name, ReadOnlySpan<byte> content) =>
        DropBoxLimits.IsName(name) && name.Length > DigestChars && name.AsSpan(name.Length - DigestChars).SequenceEqual(Short(Digest.Of(content)));

    private static string Short(in Digest content) => content.ToString()[..DigestChars];
}
