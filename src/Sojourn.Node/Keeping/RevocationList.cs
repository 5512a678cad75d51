using Sojourn.Node.Journal;
using Sojourn.Primitives;

namespace Sojourn.Node.Keeping;

/// <summary>Offers that the owner revoked at the keeper itself: a line an id. Read before each release, so that it holds at once and without a ledger.</summary>
/// <param name="path">The file.</param>
public sealed class RevocationList(string path)
{
    /// <summary>Whether an offer is revoked.</summary>
    /// <param name="offer">The offer.</param>
    public bool Contains(in Digest offer)
    {
        var id = offer.ToString();
        return File.Exists(path) && File.ReadLines(path).Any(line => string.Equals(line.Trim(), id, StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>Revokes an offer, durably.</summary>
    /// <param name="offer">The offer.</param>
    public void Add(in Digest offer)
    {
        if (!Contains(offer))
        {
            var before = File.Exists(path) ? File.ReadAllText(path) : "";
            DurableFile.Write(Path.GetFullPath(path), System.Text.Encoding.ASCII.GetBytes(before + offer + "\n"));
        }
    }
}
