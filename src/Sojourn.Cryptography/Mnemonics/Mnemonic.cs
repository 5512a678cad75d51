using System.Security.Cryptography;
using System.Text;
using Sojourn.Cryptography.Secrets;

namespace Sojourn.Cryptography.Mnemonics;

/// <summary>Recovery phrases (BIP-39, English list), so that people bring the keys they have.</summary>
public static class Mnemonic
{
    private const int Iterations = 2048;

    private static readonly Lazy<string[]> Words = new(LoadWords);

    /// <summary>Draws a phrase.</summary>
    /// <param name="entropyBits">128, 160, 192, 224 or 256: 12 to 24 words.</param>
    /// <returns>The phrase in UTF-8, words separated by one space.</returns>
    public static SecretKey Generate(int entropyBits = 256)
    {
        if (entropyBits is not (128 or 160 or 192 or 224 or 256))
        {
            throw new ArgumentOutOfRangeException(nameof(entropyBits), entropyBits, "128, 160, 192, 224 or 256 bits.");
        }

        using var entropy = SecretKey.Random(entropyBits / 8);
        using var lease = entropy.Lend();
        return Encode(lease.Span);
    }

    /// <summary>The phrase for given entropy.</summary>
    /// <param name="entropy">16, 20, 24, 28 or 32 bytes.</param>
    public static SecretKey Encode(ReadOnlySpan<byte> entropy)
    {
        if (entropy.Length is < 16 or > 32 || entropy.Length % 4 != 0)
        {
            throw new ArgumentException("Entropy is 16, 20, 24, 28 or 32 bytes.", nameof(entropy));
        }

        Span<byte> bits = stackalloc byte[33];
        Span<byte> phrase = stackalloc byte[24 * 9];
        try
        {
            Extend(entropy, bits);
            var length = 0;
            for (var word = 0; word < entropy.Length * 3 / 4; word++)
            {
                if (word > 0)
                {
                    phrase[length++] = (byte)' ';
                }

                length += Encoding.ASCII.GetBytes(Words.Value[ReadIndex(bits, word)], phrase[length..]);
            }

            return SecretKey.CopyOf(phrase[..length]);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bits);
            CryptographicOperations.ZeroMemory(phrase);
        }
    }

    /// <summary>Checks a phrase and gives its entropy.</summary>
    /// <param name="phrase">Words separated by white space, in any case.</param>
    /// <param name="entropy">16 to 32 bytes, unless there is a fault.</param>
    public static MnemonicFault TryDecode(ReadOnlySpan<char> phrase, out SecretKey? entropy)
    {
        entropy = null;
        Span<byte> bits = stackalloc byte[33];
        bits.Clear();
        Span<char> lower = stackalloc char[16];
        var count = 0;
        try
        {
            foreach (var range in phrase.SplitAny(' ', '\t', '\r', '\n'))
            {
                var word = phrase[range];
                if (word.IsEmpty)
                {
                    continue;
                }

                if (count == 24)
                {
                    return MnemonicFault.WordCount;
                }

                var length = word.Length <= lower.Length ? word.ToLowerInvariant(lower) : -1;
                var index = length < 0 ? -1 : Find(lower[..length]);
                if (index < 0)
                {
                    return MnemonicFault.UnknownWord;
                }

                WriteIndex(bits, count++, index);
            }

            if (count is not (12 or 15 or 18 or 21 or 24))
            {
                return MnemonicFault.WordCount;
            }

            var size = count * 4 / 3;
            Span<byte> right = stackalloc byte[33];
            Extend(bits[..size], right);
            var good = CryptographicOperations.FixedTimeEquals(right, bits);
            CryptographicOperations.ZeroMemory(right);
            if (!good)
            {
                return MnemonicFault.Checksum;
            }

            entropy = SecretKey.CopyOf(bits[..size]);
            return MnemonicFault.None;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bits);
            lower.Clear();
        }
    }

    /// <summary>The seed of a phrase: PBKDF2-HMAC-SHA-512, 2,048 rounds.</summary>
    /// <param name="entropy">As <see cref="TryDecode"/> gives it.</param>
    /// <param name="passphrase">The optional extra word; Unicode is normalised (NFKD).</param>
    /// <returns>64 bytes.</returns>
    public static SecretKey ToSeed(SecretKey entropy, string passphrase = "")
    {
        ArgumentNullException.ThrowIfNull(entropy);
        using var lease = entropy.Lend();
        using var phrase = Encode(lease.Span);
        using var words = phrase.Lend();
        return SecretKey.Create(64, new Inputs(words.Span, Encoding.UTF8.GetBytes("mnemonic" + Normalise(passphrase))), static (seed, inputs) =>
            Rfc2898DeriveBytes.Pbkdf2(inputs.Phrase, inputs.Salt, seed, Iterations, HashAlgorithmName.SHA512));
    }

    internal static IReadOnlyList<string> WordList => Words.Value;

    private static string Normalise(string text)
    {
        if (Ascii.IsValid(text))
        {
            return text;
        }

        // Without culture data the platform may leave text as it is; a silently different seed would be a lost key.
        return "\u00e9".Normalize(NormalizationForm.FormKD).Length == 2
            ? text.Normalize(NormalizationForm.FormKD)
            : throw new PlatformNotSupportedException("A passphrase beyond ASCII needs Unicode normalisation, which this platform does not offer.");
    }

    /// <summary>Entropy and its checksum, the first bits of SHA-256, in 33 bytes.</summary>
    private static void Extend(ReadOnlySpan<byte> entropy, Span<byte> bits)
    {
        bits.Clear();
        entropy.CopyTo(bits);
        Span<byte> digest = stackalloc byte[32];
        SHA256.HashData(entropy, digest);
        bits[entropy.Length] = (byte)(digest[0] & (0xFF << (8 - (entropy.Length / 4))));
        CryptographicOperations.ZeroMemory(digest);
    }

    private static int ReadIndex(ReadOnlySpan<byte> bits, int word)
    {
        var at = word * 11;
        var value = (bits[at / 8] << 16) | (bits[(at / 8) + 1] << 8) | ((at / 8) + 2 < bits.Length ? bits[(at / 8) + 2] : 0);
        return (value >> (13 - (at % 8))) & 0x7FF;
    }

    private static void WriteIndex(Span<byte> bits, int word, int index)
    {
        for (var i = 0; i < 11; i++)
        {
            var at = (word * 11) + i;
            bits[at / 8] |= (byte)(((index >> (10 - i)) & 1) << (7 - (at % 8)));
        }
    }

    private static int Find(ReadOnlySpan<char> word)
    {
        var words = Words.Value;
        int low = 0, high = words.Length - 1;
        while (low <= high)
        {
            var middle = (low + high) / 2;
            var order = word.SequenceCompareTo(words[middle]);
            if (order == 0)
            {
                return middle;
            }

            (low, high) = order < 0 ? (low, middle - 1) : (middle + 1, high);
        }

        return -1;
    }

    private static string[] LoadWords()
    {
        using var stream = typeof(Mnemonic).Assembly.GetManifestResourceStream("bip39-english")!;
        using var reader = new StreamReader(stream, Encoding.ASCII);
        return reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    private readonly ref struct Inputs(ReadOnlySpan<byte> phrase, ReadOnlySpan<byte> salt)
    {
        public readonly ReadOnlySpan<byte> Phrase = phrase;
        public readonly ReadOnlySpan<byte> Salt = salt;
    }
}
