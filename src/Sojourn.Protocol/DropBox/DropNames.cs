using System.Globalization;
using Sojourn.Primitives;

namespace Sojourn.Protocol.DropBox;

/// <summary>
/// The names under which a job's parties leave objects. Each ends with the beginning of its content's digest, so that nobody can take another's name,
/// the same object can be left again after a crash, and a drop box that hands out other bytes is found out by the name alone. What nodes of a round say to one
/// another (<see cref="Said"/>) cannot be named by a digest, since nobody knows it before; it is signed instead, and the name is its author's alone.
/// </summary>
public static class DropNames
{
    private const int DigestChars = 32;
    private const string SaidPrefix = "said-";

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

    /// <summary>The most messages that a node says in one round: every vote and opening on its own, evidence, commitment, result.</summary>
    public const int SaidMax = 40;

    /// <summary>The longest of them.</summary>
    public const int SaidBytesMax = 16 * 1024;

    /// <summary>What a node says to the others of its round before it is brought to the ledger, in its order. The content is signed by the node, and only the node may leave something here.</summary>
    /// <param name="round">The round.</param>
    /// <param name="node">Who says it.</param>
    /// <param name="index">The how manieth message, below <see cref="SaidMax"/>; <see cref="SaidMax"/> itself for the signature over all of them.</param>
    public static string Said(byte round, Address node, int index) => $"{SaidPrefix}{round}-{node}-{index}";

    /// <summary>Whether a name is that of something said, and by whom.</summary>
    /// <param name="name">The name.</param>
    /// <param name="node">Who alone may leave something there.</param>
    public static bool IsSaid(string name, out Address node)
    {
        node = default;
        return name.StartsWith(SaidPrefix, StringComparison.Ordinal) && name.Split('-') is [_, var round, var who, var index] && byte.TryParse(round, NumberStyles.None, CultureInfo.InvariantCulture, out var r)
            && int.TryParse(index, NumberStyles.None, CultureInfo.InvariantCulture, out var i) && i <= SaidMax && Address.TryParse(who, out node) && name == Said(r, node, i);
    }

    /// <summary>Whose node a name is about: the executor of evidence, a receipt or a wrapped key, or who says something. Only a key is left by somebody else.</summary>
    /// <param name="name">The name.</param>
    /// <param name="node">The node.</param>
    /// <param name="isKey">Whether it names a wrapped key, which a keeper leaves for the node.</param>
    /// <returns>Whether it is a name that this protocol gives.</returns>
    public static bool TryNode(string name, out Address node, out bool isKey)
    {
        isKey = false;
        if (IsSaid(name, out node))
        {
            return true;
        }

        if (name.Split('-') is not [var kind, var round, var who, { Length: DigestChars }] || !byte.TryParse(round, NumberStyles.None, CultureInfo.InvariantCulture, out _) || !Address.TryParse(who, out node))
        {
            return false;
        }

        isKey = kind == "key";
        return isKey || kind is "evidence" or "receipt";
    }

    /// <summary>Whether a name is that of these bytes.</summary>
    /// <param name="name">The name.</param>
    /// <param name="content">The bytes.</param>
    public static bool Fits(string name, ReadOnlySpan<byte> content) => IsSaid(name, out _) ? content.Length is > 0 and <= SaidBytesMax
        : DropBoxLimits.IsName(name) && name.Length > DigestChars && name.AsSpan(name.Length - DigestChars).SequenceEqual(Short(Digest.Of(content)));

    private static string Short(in Digest content) => content.ToString()[..DigestChars];
}
