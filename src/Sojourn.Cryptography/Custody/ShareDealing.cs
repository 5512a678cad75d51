using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Security.Cryptography;
using Sojourn.Cryptography.HybridEncryption;
using Sojourn.Cryptography.Secrets;
using Sojourn.Primitives;
using Sojourn.Primitives.Cbor;

namespace Sojourn.Cryptography.Custody;

/// <summary>What one custodian gives to all of a set's custodians so that shares change and the secret does not: values of a random polynomial that is 0 at 0 (Herzberg, Jarecki, Krawczyk and Yung 1995).</summary>
/// <remarks>
/// Each custodian gets δ(j) and, for the proof, m₁(j) … m₁₆(j) of polynomials of the same kind; a hash commits to them. A challenge c₁ … c₁₆ follows from all commitments, and the dealing shows
/// the polynomials mᵢ + cᵢ·δ. Whoever's values do not lie on them knows that the dealer cheated: values that are on no such polynomial pass with probability 2^−128. What is shown tells
/// nothing about δ, since each mᵢ is random and used once. Hashes and GF(2^8) alone; nothing is homomorphic. Values are sealed in HPKE's auth mode, so that nobody can deal in another's name.
/// </remarks>
public sealed record ShareDealing
{
    private const string Format = "sojourn/share-dealing/1";

    private const int Checks = 16;

    private readonly byte[] encoded;

    private ShareDealing(Digest set, int epoch, int dealer, ImmutableArray<Digest> commitments, ImmutableArray<ReadOnlyMemory<byte>> shown, ImmutableArray<ReadOnlyMemory<byte>> values)
    {
        Set = set;
        Epoch = epoch;
        Dealer = dealer;
        Commitments = commitments;
        Shown = shown;
        Values = values;
        encoded = Write();
    }

    /// <summary>The longest secret whose shares can be refreshed, in bytes: a content key has 32.</summary>
    public const int LengthMax = 64;

    /// <summary>The set that is refreshed.</summary>
    public Digest Set { get; }

    /// <summary>The epoch that follows.</summary>
    public int Epoch { get; }

    /// <summary>The dealer's index among the custodians, from 1.</summary>
    public int Dealer { get; }

    /// <summary>Commitments to the values of each custodian, in their order.</summary>
    public ImmutableArray<Digest> Commitments { get; }

    /// <summary>The digest that a refresh names a dealing by.</summary>
    public Digest Digest => Digest.Of(encoded);

    private ImmutableArray<ReadOnlyMemory<byte>> Shown { get; }

    private ImmutableArray<ReadOnlyMemory<byte>> Values { get; }

    /// <summary>Makes a custodian's dealing.</summary>
    /// <param name="set">The set in force; its threshold is 2 or more.</param>
    /// <param name="key">The dealer's key.</param>
    /// <param name="dealing">The dealing, unless there is a fault.</param>
    public static CustodyFault TryMake(ShareSet set, HpkePrivateKey key, out ShareDealing? dealing)
    {
        ArgumentNullException.ThrowIfNull(set);
        ArgumentNullException.ThrowIfNull(key);
        dealing = null;
        var fault = set.TryOpen(key, out var share);
        if (fault != CustodyFault.None)
        {
            return fault;
        }

        using (share)
        {
            // With a threshold of 1 every share is the secret, and stays so. Keys of other curves have no auth mode between them.
            if (set.Threshold < 2 || share!.Length > LengthMax || !TryKeys(set, out var keys))
            {
                return CustodyFault.CannotRefresh;
            }

            dealing = Make(set, key, share.Index, keys, share.Length);
            return CustodyFault.None;
        }
    }

    /// <summary>The public encoding (dag-cbor): what every custodian gets.</summary>
    public byte[] Encode() => [.. encoded];

    /// <summary>Reads a dealing; untrusted.</summary>
    /// <param name="bytes">The encoding.</param>
    /// <param name="dealing">The dealing, unless there is a fault. Whether it is right is for <see cref="ShareRefresh"/> to tell.</param>
    public static CustodyFault TryDecode(ReadOnlySpan<byte> bytes, out ShareDealing? dealing)
    {
        dealing = null;
        try
        {
            var reader = new CborReader(bytes, CborProfile.DagCbor, 3);
            reader.ReadArrayHeaderExactly(7);
            if (reader.ReadText(64) != Format)
            {
                return CustodyFault.Malformed;
            }

            var set = new Digest(reader.ReadBytesExactly(32));
            var epoch = reader.ReadInt32(1);
            var dealer = reader.ReadInt32(1, ShareSet.SharesMax);
            var commitments = ImmutableArray.CreateBuilder<Digest>();
            for (var n = reader.ReadArrayHeader(ShareSet.SharesMax); n > 0; n--)
            {
                commitments.Add(new Digest(reader.ReadBytesExactly(32)));
            }

            var shown = ReadList(ref reader, Checks, LengthMax * ShareSet.SharesMax);
            var values = ReadList(ref reader, ShareSet.SharesMax, ((Checks + 1) * LengthMax) + 256);
            reader.ReadEnd();
            if (dealer > commitments.Count || values.Length != commitments.Count || shown.Length != Checks || shown.Any(polynomial => polynomial.Length != shown[0].Length || polynomial.IsEmpty))
            {
                return CustodyFault.Malformed;
            }

            dealing = new ShareDealing(set, epoch, dealer, commitments.ToImmutable(), shown, values);
            return CustodyFault.None;
        }
        catch (CborException)
        {
            return CustodyFault.Malformed;
        }
    }

    /// <summary>Opens one custodian's value and holds it against the proof.</summary>
    /// <param name="set">The set in force.</param>
    /// <param name="key">The custodian's key.</param>
    /// <param name="index">The custodian's index.</param>
    /// <param name="length">Bytes of a share.</param>
    /// <param name="value">δ(j), unless there is a fault.</param>
    internal CustodyFault TryTake(ShareSet set, HpkePrivateKey key, int index, int length, out SecretKey? value)
    {
        value = null;
        if (Set != set.Id || Epoch != set.Epoch + 1)
        {
            return CustodyFault.OtherSet;
        }

        if (Commitments.Length != set.Custodians.Length || Shown[0].Length != (set.Threshold - 1) * length || !HpkePublicKey.TryImport(HpkeKem.P256, set.Custodians[Dealer - 1].Key.Span, out var dealer))
        {
            return CustodyFault.Malformed;
        }

        if (Hpke.OpenKey(key, Info, AdditionalData(index), Values[index - 1].Span, out var values, dealer) != HpkeFault.None)
        {
            return CustodyFault.NotForThisKey;
        }

        using (values)
        {
            if (values!.Length != (Checks + 1) * length || CommitmentTo(index, values) != Commitments[index - 1] || !IsShown(values, index, length))
            {
                return CustodyFault.WrongShare;
            }

            value = SecretKey.Create(length, values, static (part, all) =>
            {
                using var lease = all.Lend();
                lease.Span[..part.Length].CopyTo(part);
            });
            return CustodyFault.None;
        }
    }

    internal static bool TryKeys(ShareSet set, out HpkePublicKey[] keys)
    {
        keys = new HpkePublicKey[set.Custodians.Length];
        for (var i = 0; i < keys.Length; i++)
        {
            if (!HpkePublicKey.TryImport(HpkeKem.P256, set.Custodians[i].Key.Span, out var key))
            {
                return false;
            }

            keys[i] = key!;
        }

        return true;
    }

    private static ReadOnlySpan<byte> Info => "sojourn/share-dealing/1"u8;

    private static ShareDealing Make(ShareSet set, HpkePrivateKey dealer, int index, HpkePublicKey[] keys, int length)
    {
        // Coefficients of x, x², …: δ first, then the polynomials of the proof.
        var polynomials = new SecretKey[Checks + 1];
        var values = new SecretKey[keys.Length];
        try
        {
            for (var i = 0; i < polynomials.Length; i++)
            {
                polynomials[i] = SecretKey.Random((set.Threshold - 1) * length);
            }

            for (var j = 0; j < values.Length; j++)
            {
                values[j] = SecretKey.Create(polynomials.Length * length, (polynomials, length, At: (byte)(j + 1)), static (all, state) =>
                {
                    for (var i = 0; i < state.polynomials.Length; i++)
                    {
                        using var lease = state.polynomials[i].Lend();
                        Evaluate(lease.Span, state.At, all.Slice(i * state.length, state.length));
                    }
                });
            }

            var plain = new ShareDealing(set.Id, set.Epoch + 1, index, [.. values.Select((_, j) => Digest.Zero)], [], []);
            var committed = new ShareDealing(plain.Set, plain.Epoch, index, [.. values.Select((value, j) => plain.CommitmentTo(j + 1, value))], [], []);
            var challenge = committed.Challenge();
            var shown = new ReadOnlyMemory<byte>[Checks];
            using var delta = polynomials[0].Lend();
            for (var i = 0; i < Checks; i++)
            {
                using var mask = polynomials[i + 1].Lend();
                var sum = mask.Span.ToArray();
                ShareSet.Accumulate(sum, delta.Span, challenge[i]);
                shown[i] = sum;
            }

            var bound = new ShareDealing(plain.Set, plain.Epoch, index, committed.Commitments, [.. shown], []);
            return new ShareDealing(
                plain.Set, plain.Epoch, index, committed.Commitments, [.. shown],
                [.. values.Select((value, j) => (ReadOnlyMemory<byte>)Hpke.SealKey(keys[j], Info, bound.AdditionalData(j + 1), value, dealer))]);
        }
        finally
        {
            foreach (var secret in polynomials.Concat(values))
            {
                secret?.Dispose();
            }
        }
    }

    // Horner, without a constant term: the value at 0 is 0.
    private static void Evaluate(ReadOnlySpan<byte> coefficients, byte at, Span<byte> value)
    {
        value.Clear();
        for (var c = coefficients.Length - value.Length; c >= 0; c -= value.Length)
        {
            for (var i = 0; i < value.Length; i++)
            {
                value[i] = GaloisField.Multiply((byte)(value[i] ^ coefficients[c + i]), at);
            }
        }
    }

    private bool IsShown(SecretKey values, int index, int length)
    {
        var challenge = Challenge();
        var right = new byte[Checks * length];
        var found = new byte[Checks * length];
        using var lease = values.Lend();
        for (var i = 0; i < Checks; i++)
        {
            Evaluate(Shown[i].Span, (byte)index, right.AsSpan(i * length, length));
            lease.Span.Slice((i + 1) * length, length).CopyTo(found.AsSpan(i * length));
            ShareSet.Accumulate(found.AsSpan(i * length, length), lease.Span[..length], challenge[i]);
        }

        return CryptographicOperations.FixedTimeEquals(right, found);
    }

    private Digest CommitmentTo(int index, SecretKey values)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var lease = values.Lend();
        hash.AppendData(Info);
        hash.AppendData(Place(index));
        hash.AppendData(lease.Span);
        return new Digest(hash.GetHashAndReset());
    }

    private byte[] Challenge()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData("sojourn/share-challenge/1"u8);
        hash.AppendData(Place(0));
        foreach (var commitment in Commitments)
        {
            hash.AppendData(commitment.AsSpan());
        }

        return hash.GetHashAndReset()[..Checks];
    }

    // Whoever gets a value is bound to all that everybody else can see.
    private byte[] AdditionalData(int index)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var commitment in Commitments)
        {
            hash.AppendData(commitment.AsSpan());
        }

        foreach (var polynomial in Shown)
        {
            hash.AppendData(polynomial.Span);
        }

        return [.. Place(index), .. hash.GetHashAndReset()];
    }

    private byte[] Place(int index)
    {
        var place = new byte[38];
        Set.CopyTo(place);
        BinaryPrimitives.WriteInt32BigEndian(place.AsSpan(32), Epoch);
        place[36] = (byte)Dealer;
        place[37] = (byte)index;
        return place;
    }

    private byte[] Write()
    {
        var writer = new CborWriter(CborProfile.DagCbor, 4096).BeginArray().WriteText(Format).WriteBytes(Set.AsSpan()).WriteInteger(Epoch).WriteInteger(Dealer).BeginArray();
        foreach (var commitment in Commitments)
        {
            writer.WriteBytes(commitment.AsSpan());
        }

        WriteList(writer.EndArray(), Shown);
        WriteList(writer, Values);
        return writer.EndArray().ToArray();
    }

    private static void WriteList(CborWriter writer, ImmutableArray<ReadOnlyMemory<byte>> items)
    {
        writer.BeginArray();
        foreach (var item in items)
        {
            writer.WriteBytes(item.Span);
        }

        writer.EndArray();
    }

    private static ImmutableArray<ReadOnlyMemory<byte>> ReadList(ref CborReader reader, int countMax, int lengthMax)
    {
        var items = ImmutableArray.CreateBuilder<ReadOnlyMemory<byte>>();
        for (var n = reader.ReadArrayHeader(countMax); n > 0; n--)
        {
            items.Add(reader.ReadBytes(lengthMax).ToArray());
        }

        return items.ToImmutable();
    }
}
