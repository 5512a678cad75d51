using System.Buffers.Binary;
using System.Collections.Immutable;

namespace Sojourn.Attestation.Tpm;

/// <summary>Digests of TPM policies (TPM 2.0 Library, part 3, TPM2_PolicyPCR).</summary>
internal static class TpmPolicy
{
    private const uint PolicyPcrCommand = 0x0000017F;

    public static byte[] PcrPolicy(ushort nameAlg, ImmutableArray<PcrSelection> selection, IEnumerable<QuotedPcr> values)
    {
        var all = values.SelectMany(p => p.Value.ToArray()).ToArray();
        var length = TpmAlg.DigestLength(nameAlg);
        return TpmAlg.Hash(nameAlg, [.. new byte[length], .. U32(PolicyPcrCommand), .. Encode(selection), .. TpmAlg.Hash(nameAlg, all)]);
    }

    /// <summary>TPML_PCR_SELECTION with three bytes per bank, as TPMs of a PC have, and a fourth where a register needs it.</summary>
    public static byte[] Encode(ImmutableArray<PcrSelection> selection)
    {
        var bytes = new List<byte>(U32((uint)selection.Length));
        foreach (var bank in selection)
        {
            var bits = new byte[Math.Max(3, (bank.Registers.DefaultIfEmpty().Max() / 8) + 1)];
            foreach (var register in bank.Registers)
            {
                bits[register / 8] |= (byte)(1 << (register % 8));
            }

            bytes.AddRange([(byte)(bank.Bank >> 8), (byte)bank.Bank, (byte)bits.Length, .. bits]);
        }

        return [.. bytes];
    }

    private static byte[] U32(uint value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        return bytes;
    }
}
