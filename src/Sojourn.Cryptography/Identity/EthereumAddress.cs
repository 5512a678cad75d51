using System.Text;
using Sojourn.Cryptography.Hashing;
using Sojourn.Primitives;

namespace Sojourn.Cryptography.Identity;

/// <summary>Addresses as people see them: mixed case is a checksum (EIP-55).</summary>
public static class EthereumAddress
{
    /// <summary>The address with its checksum.</summary>
    /// <param name="address">An address.</param>
    public static string ToChecksumText(this Address address)
    {
        Span<char> text = stackalloc char[42];
        Write(address, text);
        return new string(text);
    }

    /// <summary>Reads an address. All lower or all upper case is taken as it is; mixed case must be the right checksum.</summary>
    /// <param name="text">40 hexadecimal digits, with or without 0x.</param>
    /// <param name="address">The address.</param>
    public static bool TryParse(string? text, out Address address)
    {
        address = default;
        if (text is null || !Address.TryParse(text, out var parsed))
        {
            return false;
        }

        var digits = text.AsSpan(text.Length - 40);
        if (digits.ContainsAnyInRange('a', 'f') && digits.ContainsAnyInRange('A', 'F'))
        {
            Span<char> right = stackalloc char[42];
            Write(parsed, right);
            if (!digits.SequenceEqual(right[2..]))
            {
                return false;
            }
        }

        address = parsed;
        return true;
    }

    private static void Write(Address address, Span<char> text)
    {
        Span<byte> lower = stackalloc byte[40];
        Span<byte> digest = stackalloc byte[32];
        Encoding.ASCII.GetBytes(Convert.ToHexStringLower(address.AsSpan()), lower);
        Keccak256.Hash(lower, digest);
        text[0] = '0';
        text[1] = 'x';
        for (var i = 0; i < 40; i++)
        {
            var nibble = (digest[i / 2] >> (i % 2 == 0 ? 4 : 0)) & 15;
            text[2 + i] = nibble >= 8 ? char.ToUpperInvariant((char)lower[i]) : (char)lower[i];
        }
    }
}
