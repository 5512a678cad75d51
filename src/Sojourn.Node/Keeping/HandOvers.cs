using System.Globalization;
using System.Text;
using Sojourn.Cryptography.HybridEncryption;
using Sojourn.Node.Journal;
using Sojourn.Primitives;

namespace Sojourn.Node.Keeping;

/// <summary>What a custodian gave back to owners by its operator's hand: a line each, on the disk before the share leaves.</summary>
public static class HandOvers
{
    /// <summary>The file below a keeper's state folder.</summary>
    /// <param name="stateFolder">The state folder.</param>
    public static string FileIn(string stateFolder) => Path.Combine(stateFolder, "hand-overs.log");

    /// <summary>Writes one down.</summary>
    /// <param name="stateFolder">The keeper's state folder.</param>
    /// <param name="content">Of which content's key.</param>
    /// <param name="owner">To which key.</param>
    /// <param name="at">When.</param>
    public static void Note(string stateFolder, Cid content, HpkePublicKey owner, DateTimeOffset at)
    {
        ArgumentNullException.ThrowIfNull(owner);
        Directory.CreateDirectory(stateFolder);
        using var file = DurableFile.Open(FileIn(stateFolder), FileMode.Append, FileAccess.Write);
        file.Write(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{at.UtcDateTime:O} {content} {Convert.ToHexStringLower(owner.Bytes.Span)}\n")));
        file.Flush(flushToDisk: true);
    }
}
