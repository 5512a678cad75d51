using System.Text;
using Sojourn.Attestation;
using Sojourn.Primitives;

namespace Sojourn.Node;

/// <summary>A chip's identity in the fixed size that profiles on the ledger carry.</summary>
public static class ChipKey
{
    /// <summary>SHA-256 of the identity's text.</summary>
    /// <param name="chip">The identity, as evidence shows it.</param>
    public static Digest Of(ChipIdentity chip) => Digest.Of(Encoding.UTF8.GetBytes(chip.ToString()!));
}
