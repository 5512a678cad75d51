using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Sojourn.Primitives;

namespace Sojourn.Protocol;

/// <summary>The one way in which the state machine hashes: SHA-256 over 32-byte words, as Solidity's <c>sha256(abi.encode(…))</c> of static types would.</summary>
/// <remarks>The first word is the domain, ASCII padded with zeroes on the right. Integers are big-endian and padded on the left, addresses too. Nothing in it depends on the language or the machine.</remarks>
[System.Runtime.InteropServices.StructLayout(System.Runtime.InteropServices.LayoutKind.Auto)]
public ref struct ProtocolHash
{
    private const int WordsMax = 24;
    private Buffer _buffer;
    private int _length;

    /// <summary>Begins a hash in a domain.</summary>
    /// <param name="domain">At most 32 ASCII characters.</param>
    public ProtocolHash(string domain)
    {
        Span<byte> all = _buffer;
        Encoding.ASCII.GetBytes(domain, all[..32]);
        _length = 32;
    }

    /// <summary>Adds a digest as one word.</summary>
    /// <param name="value">The digest.</param>
    public ProtocolHash Add(scoped in Digest value)
    {
        value.CopyTo(Next());
        return this;
    }

    /// <summary>Adds an address as one word, padded on the left.</summary>
    /// <param name="value">The address.</param>
    public ProtocolHash Add(scoped in Address value)
    {
        value.CopyTo(Next()[12..]);
        return this;
    }

    /// <summary>Adds an integer as one word.</summary>
    /// <param name="value">The integer.</param>
    public ProtocolHash Add(ulong value)
    {
        BinaryPrimitives.WriteUInt64BigEndian(Next()[24..], value);
        return this;
    }

    /// <summary>Adds an amount as one word.</summary>
    /// <param name="value">The amount.</param>
    public ProtocolHash Add(Amount value)
    {
        value.WriteBigEndian(Next()[16..]);
        return this;
    }

    /// <summary>The hash of all words so far.</summary>
    public readonly Digest Finish()
    {
        Span<byte> digest = stackalloc byte[32];
        ReadOnlySpan<byte> all = _buffer;
        SHA256.HashData(all[.._length], digest);
        return new Digest(digest);
    }

    [System.Diagnostics.CodeAnalysis.UnscopedRef]
    private Span<byte> Next()
    {
        if (_length >= WordsMax * 32)
        {
            throw new InvalidOperationException("A protocol hash takes at most 24 words.");
        }

        Span<byte> all = _buffer;
        var word = all.Slice(_length, 32);
        _length += 32;
        return word;
    }

    [System.Runtime.CompilerServices.InlineArray(WordsMax * 32)]
    private struct Buffer
    {
        private byte _first;
    }
}
