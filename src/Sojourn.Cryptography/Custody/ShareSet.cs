using System.Collections.Immutable;
using System.Security.Cryptography;
using Sojourn.Cryptography.HybridEncryption;
using Sojourn.Cryptography.Secrets;
using Sojourn.Primitives;
using Sojourn.Primitives.Cbor;

namespace Sojourn.Cryptography.Custody;

/// <summary>The public record of a shared secret: who holds which share, and a commitment to each, so that a wrong share is known by its holder's name.</summary>
/// <remarks>
/// Shamir's scheme over GF(2^8), byte by byte; any <see cref="Threshold"/> shares give the secret, fewer tell nothing about it.
/// Commitments are SHA-256 over a label, the set's id, the index and the share; shares are uniform, so nothing can be guessed from
/// them. Combining belongs into an enclave that custodians have checked.
/// </remarks>
public sealed record ShareSet
{
    private const string Format = "sojourn/share-set/1";

    private const int NameMax = 200;

    private ShareSet()
    {
    }

    /// <summary>Most custodians.</summary>
    public const int SharesMax = 255;

    /// <summary>Other in each epoch: random, or the digest of what custodians refreshed it with.</summary>
    public Digest Id { get; private init; }

    /// <summary>The id under which the secret was committed to: that of the set that its dealer made, which later epochs keep who refresh it without the secret.</summary>
    public Digest Origin { get; private init; }

    /// <summary>Counts up with each refresh.</summary>
    public int Epoch { get; private init; }

    /// <summary>How many shares are needed.</summary>
    public int Threshold { get; private init; }

    /// <summary>The policy under which custodians release their shares.</summary>
    public Cid? Policy { get; private init; }

    /// <summary>The custodians, in order of their share's index from 1.</summary>
    public ImmutableArray<Custodian> Custodians { get; private init; } = [];

    /// <summary>Commitment to the secret: SHA-256 over a label, the id and the secret, which must be a key of 16 bytes or more.</summary>
    public Digest SecretCommitment { get; private init; }

    /// <summary>Splits a secret and seals each share to its custodian.</summary>
    /// <param name="secret">16 to 1,024 bytes of a random key.</param>
    /// <param name="threshold">At least 1, at most the number of custodians.</param>
    /// <param name="custodians">Names and keys.</param>
    /// <param name="policy">The policy under which shares may be released.</param>
    public static ShareSet Split(SecretKey secret, int threshold, IReadOnlyList<(string Name, HpkePublicKey Key)> custodians, Cid? policy = null) =>
        Split(secret, threshold, custodians, policy, epoch: 0);

    /// <summary>Deals new shares of a key that is at hand, under the next epoch and another id: nothing has to be combined anywhere.</summary>
    /// <param name="secret">The same secret as before.</param>
    /// <param name="threshold">From now on.</param>
    /// <param name="custodians">From now on.</param>
    /// <param name="refreshed">The new set, unless there is a fault.</param>
    public CustodyFault TryDealAnew(SecretKey secret, int threshold, IReadOnlyList<(string Name, HpkePublicKey Key)> custodians, out ShareSet? refreshed)
    {
        ArgumentNullException.ThrowIfNull(secret);
        refreshed = null;
        if (!IsSecret(secret))
        {
            return CustodyFault.WrongSecret;
        }

        refreshed = Split(secret, threshold, custodians, Policy, Epoch + 1);
        return CustodyFault.None;
    }

    /// <summary>Combines shares and deals new ones under a new polynomial: the secret is whole for a moment, where that is done; <see cref="ShareRefresh"/> does without. Old and new shares do not fit together, so what leaked before is worth nothing once holders have dropped the old ones.</summary>
    /// <param name="shares">At least the threshold.</param>
    /// <param name="threshold">From now on.</param>
    /// <param name="custodians">From now on.</param>
    /// <param name="refreshed">The new set, unless there is a fault.</param>
    /// <param name="wrong">Names of custodians whose shares are wrong.</param>
    public CustodyFault TryRefresh(IReadOnlyCollection<Share> shares, int threshold, IReadOnlyList<(string Name, HpkePublicKey Key)> custodians, out ShareSet? refreshed, out ImmutableArray<string> wrong)
    {
        refreshed = null;
        var fault = TryCombine(shares, out var secret, out wrong);
        if (fault == CustodyFault.None)
        {
            using (secret)
            {
                refreshed = Split(secret!, threshold, custodians, Policy, Epoch + 1);
            }
        }

        return fault;
    }

    /// <summary>The record without the sealed shares: what whoever checks shares needs.</summary>
    public ShareSet WithoutShares() => this with { Custodians = [.. Custodians.Select(custodian => custodian with { SealedShare = default })] };

    /// <summary>Whether this set follows another: the same policy under a later epoch.</summary>
    /// <param name="other">The set that is known.</param>
    public bool Follows(ShareSet other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return Epoch > other.Epoch && Policy == other.Policy;
    }

    /// <summary>Opens the share that was sealed to a key, and checks it against its commitment.</summary>
    /// <param name="key">The custodian's private key.</param>
    /// <param name="share">The share, unless there is a fault.</param>
    public CustodyFault TryOpen(HpkePrivateKey key, out Share? share)
    {
        ArgumentNullException.ThrowIfNull(key);
        share = null;
        for (var i = 0; i < Custodians.Length; i++)
        {
            if (!Custodians[i].Key.Span.SequenceEqual(key.Public.Bytes.Span))
            {
                continue;
            }

            if (Hpke.OpenKey(key, Info, AdditionalData(Id, Epoch, i + 1, Threshold, Policy), Custodians[i].SealedShare.Span, out var value) != HpkeFault.None)
            {
                return CustodyFault.NotForThisKey;
            }

            var opened = new Share(Id, i + 1, value!);
            if (!Matches(opened))
            {
                opened.Dispose();
                return CustodyFault.WrongShare;
            }

            share = opened;
            return CustodyFault.None;
        }

        return CustodyFault.NotForThisKey;
    }

    /// <summary>Combines shares. Wrong ones are named and left out; the secret comes back if enough good ones remain.</summary>
    /// <param name="shares">Shares of this set.</param>
    /// <param name="secret">The secret, unless there is a fault.</param>
    /// <param name="wrong">Names of custodians whose shares are wrong, also where the secret was found.</param>
    public CustodyFault TryCombine(IReadOnlyCollection<Share> shares, out SecretKey? secret, out ImmutableArray<string> wrong)
    {
        ArgumentNullException.ThrowIfNull(shares);
        secret = null;
        var good = new SortedDictionary<int, Share>();
        var named = ImmutableArray.CreateBuilder<string>();
        var other = false;
        foreach (var share in shares)
        {
            if (share.Set != Id || share.Index < 1 || share.Index > Custodians.Length)
            {
                other = true;
            }
            else if (!Matches(share))
            {
                var name = Custodians[share.Index - 1].Name;
                if (!named.Contains(name))
                {
                    named.Add(name);
                }
            }
            else
            {
                good[share.Index] = share;
            }
        }

        wrong = named.ToImmutable();
        if (good.Count < Threshold)
        {
            return !wrong.IsEmpty ? CustodyFault.WrongShare : other ? CustodyFault.OtherSet : CustodyFault.TooFewShares;
        }

        // A dealer, or a custodian in a refresh, can commit to what is no share: then the commitments hold and the secret does not. Some of the shares give it, if enough are right.
        Share[] all = [.. good.Values];
        foreach (var chosen in Subsets(all, Threshold))
        {
            // Nothing can be interpolated through shares of unequal length.
            if (Array.Exists(chosen, share => share.Length != chosen[0].Length))
            {
                continue;
            }

            var combined = Interpolate(chosen);
            if (IsSecret(combined))
            {
                secret = combined;
                named.AddRange(all.Except(chosen).Where(share => !IsOn(chosen, share)).Select(share => Custodians[share.Index - 1].Name));
                wrong = named.ToImmutable();
                return CustodyFault.None;
            }

            combined.Dispose();
        }

        return CustodyFault.WrongSecret;
    }

    /// <summary>The public encoding (dag-cbor).</summary>
    public byte[] Encode()
    {
        var writer = new CborWriter(CborProfile.DagCbor, 512).BeginMap()
            .WriteKey("type").WriteText(Format)
            .WriteKey("id").WriteBytes(Id.AsSpan())
            .WriteKey("epoch").WriteInteger(Epoch)
            .WriteKey("threshold").WriteInteger(Threshold)
            .WriteKey("secret").WriteBytes(SecretCommitment.AsSpan());
        if (Origin != Id)
        {
            writer.WriteKey("origin").WriteBytes(Origin.AsSpan());
        }

        writer.WriteKey("policy");
        _ = Policy is null ? writer.WriteNull() : writer.WriteCid(Policy);
        writer.WriteKey("custodians").BeginArray();
        foreach (var custodian in Custodians)
        {
            writer.BeginMap().WriteKey("name").WriteText(custodian.Name).WriteKey("key").WriteBytes(custodian.Key.Span)
                .WriteKey("commitment").WriteBytes(custodian.Commitment.AsSpan()).WriteKey("share").WriteBytes(custodian.SealedShare.Span).EndMap();
        }

        return writer.EndArray().EndMap().ToArray();
    }

    /// <summary>Reads a set; untrusted.</summary>
    /// <param name="bytes">The encoding.</param>
    /// <param name="set">The set, unless there is a fault.</param>
    public static CustodyFault TryDecode(ReadOnlySpan<byte> bytes, out ShareSet? set)
    {
        set = null;
        try
        {
            var reader = new CborReader(bytes, CborProfile.DagCbor, 4);
            var fields = reader.ReadMapHeader(8);
            reader.ReadKey("id");
            var id = new Digest(reader.ReadBytesExactly(32));
            reader.ReadKey("type");
            if (reader.ReadText(64) != Format)
            {
                return CustodyFault.Malformed;
            }

            reader.ReadKey("epoch");
            var epoch = reader.ReadInt32(0);
            var origin = id;
            if (fields == 8)
            {
                reader.ReadKey("origin");
                origin = new Digest(reader.ReadBytesExactly(32));
            }

            reader.ReadKey("policy");
            var policy = reader.TryReadNull() ? null : reader.ReadCid();
            reader.ReadKey("secret");
            var secret = new Digest(reader.ReadBytesExactly(32));
            reader.ReadKey("threshold");
            var threshold = reader.ReadInt32(1, SharesMax);
            reader.ReadKey("custodians");
            var custodians = ImmutableArray.CreateBuilder<Custodian>();
            for (var n = reader.ReadArrayHeader(SharesMax); n > 0; n--)
            {
                reader.ReadMapHeaderExactly(4);
                reader.ReadKey("key");
                var key = reader.ReadBytes(133).ToArray();
                reader.ReadKey("name");
                var name = reader.ReadText(NameMax);
                reader.ReadKey("share");
                var share = reader.ReadBytes(2048).ToArray();
                reader.ReadKey("commitment");
                custodians.Add(new Custodian(name, key, new Digest(reader.ReadBytesExactly(32)), share));
            }

            reader.ReadEnd();
            // Two custodians of one name could not be told apart when one of them lies, and one key with two shares counts twice.
            if (fields < 7 || (fields == 8 && origin == id) || threshold > custodians.Count || custodians.Any(custodian => !IsName(custodian.Name))
                || custodians.Select(custodian => custodian.Name).Distinct(StringComparer.Ordinal).Count() != custodians.Count
                || custodians.Select(custodian => Convert.ToHexString(custodian.Key.Span)).Distinct(StringComparer.Ordinal).Count() != custodians.Count)
            {
                return CustodyFault.Malformed;
            }

            set = new ShareSet { Id = id, Origin = origin, Epoch = epoch, Threshold = threshold, Policy = policy, SecretCommitment = secret, Custodians = custodians.ToImmutable() };
            return CustodyFault.None;
        }
        catch (CborException)
        {
            return CustodyFault.Malformed;
        }
    }

    /// <summary>The next epoch as custodians made it among themselves, without the secret.</summary>
    internal ShareSet Next(Digest id, ImmutableArray<Custodian> custodians) => this with { Id = id, Epoch = Epoch + 1, Custodians = custodians };

    /// <summary>Seals a custodian's share in an epoch to its key.</summary>
    internal static byte[] SealShare(HpkePublicKey key, Digest id, int epoch, int index, int threshold, Cid? policy, SecretKey value) => Hpke.SealKey(key, Info, AdditionalData(id, epoch, index, threshold, policy), value);

    /// <summary>The value at 0 of the polynomial through the shares, by Lagrange. Indices are public, values are not.</summary>
    internal static SecretKey Interpolate(Share[] shares) => Interpolate(shares, 0);

    /// <summary>The value at some point of the polynomial through the shares.</summary>
    internal static SecretKey Interpolate(Share[] shares, int at) => SecretKey.Create(shares[0].Length, (shares, at), static (secret, state) =>
    {
        foreach (var part in state.shares)
        {
            byte factor = 1;
            foreach (var other in state.shares)
            {
                if (other.Index != part.Index)
                {
                    factor = GaloisField.Multiply(factor, GaloisField.Multiply((byte)(other.Index ^ state.at), GaloisField.Invert((byte)(other.Index ^ part.Index))));
                }
            }

            using var lease = part.Lend();
            Accumulate(secret, lease.Span, factor);
        }
    });

    /// <summary>Adds a share times its public factor, byte by byte: nothing here branches or looks up by a share's value.</summary>
    internal static void Accumulate(Span<byte> secret, ReadOnlySpan<byte> share, byte factor)
    {
        for (var i = 0; i < secret.Length; i++)
        {
            secret[i] ^= GaloisField.Multiply(share[i], factor);
        }
    }

    /// <summary>Values of a random polynomial with that constant term at 1, 2, …, count.</summary>
    internal static SecretKey[] Deal(SecretKey secret, int threshold, int count)
    {
        var shares = new SecretKey[count];
        using var lease = secret.Lend();
        var coefficients = new SecretKey[threshold - 1];
        for (var i = 0; i < coefficients.Length; i++)
        {
            coefficients[i] = SecretKey.Random(secret.Length);
        }

        for (var index = 1; index <= count; index++)
        {
            shares[index - 1] = SecretKey.Create(secret.Length, new Dealing(lease.Span, coefficients, (byte)index), static (share, dealing) =>
            {
                // Horner, from the highest coefficient down.
                for (var c = dealing.Coefficients.Length - 1; c >= 0; c--)
                {
                    using var coefficient = dealing.Coefficients[c].Lend();
                    for (var i = 0; i < share.Length; i++)
                    {
                        share[i] = (byte)(GaloisField.Multiply(share[i], dealing.At) ^ coefficient.Span[i]);
                    }
                }

                for (var i = 0; i < share.Length; i++)
                {
                    share[i] = (byte)(GaloisField.Multiply(share[i], dealing.At) ^ dealing.Secret[i]);
                }
            });
        }

        foreach (var coefficient in coefficients)
        {
            coefficient.Dispose();
        }

        return shares;
    }

    private static ReadOnlySpan<byte> Info => "sojourn/share/1"u8;

    private static ShareSet Split(SecretKey secret, int threshold, IReadOnlyList<(string Name, HpkePublicKey Key)> custodians, Cid? policy, int epoch)
    {
        ArgumentNullException.ThrowIfNull(secret);
        ArgumentNullException.ThrowIfNull(custodians);
        ArgumentOutOfRangeException.ThrowIfLessThan(secret.Length, 16, nameof(secret));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(secret.Length, 1024, nameof(secret));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(custodians.Count, SharesMax, nameof(custodians));
        ArgumentOutOfRangeException.ThrowIfLessThan(threshold, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(threshold, custodians.Count);
        if (custodians.Any(custodian => custodian.Name.Length > NameMax / 4 || !IsName(custodian.Name)) || custodians.Select(custodian => custodian.Name).Distinct(StringComparer.Ordinal).Count() != custodians.Count)
        {
            throw new ArgumentException($"Custodians have different names of at most {NameMax / 4} characters, none of them a control character.", nameof(custodians));
        }

        if (custodians.Select(custodian => Convert.ToHexString(custodian.Key.Bytes.Span)).Distinct(StringComparer.Ordinal).Count() != custodians.Count)
        {
            throw new ArgumentException("Custodians have different keys: one key with two shares would count twice.", nameof(custodians));
        }

        var id = new Digest(RandomNumberGenerator.GetBytes(32));
        var values = Deal(secret, threshold, custodians.Count);
        var holders = ImmutableArray.CreateBuilder<Custodian>(custodians.Count);
        for (var i = 0; i < values.Length; i++)
        {
            using var value = values[i];
            var key = custodians[i].Key;
            holders.Add(new Custodian(
                custodians[i].Name,
                key.Bytes,
                CommitmentOf(id, i + 1, value),
                Hpke.SealKey(key, Info, AdditionalData(id, epoch, i + 1, threshold, policy), value)));
        }

        return new ShareSet { Id = id, Origin = id, Epoch = epoch, Threshold = threshold, Policy = policy, SecretCommitment = CommitmentOf(id, 0, secret), Custodians = holders.MoveToImmutable() };
    }

    private bool IsSecret(SecretKey candidate)
    {
        var commitment = CommitmentOf(Origin, 0, candidate);
        return CryptographicOperations.FixedTimeEquals(commitment.AsSpan(), SecretCommitment.AsSpan());
    }

    private static bool IsOn(Share[] polynomial, Share share)
    {
        using var right = Interpolate(polynomial, share.Index);
        return share.IsEqual(right);
    }

    // The first so many, then every other choice, up to a bound that 15 custodians (the most that a job can ask) stay below.
    private static IEnumerable<Share[]> Subsets(Share[] shares, int count)
    {
        const int ChoicesMax = 10_000;
        var at = Enumerable.Range(0, count).ToArray();
        for (var choices = 0; choices < ChoicesMax; choices++)
        {
            yield return [.. at.Select(i => shares[i])];
            var last = count - 1;
            while (last >= 0 && at[last] == shares.Length - count + last)
            {
                last--;
            }

            if (last < 0)
            {
                yield break;
            }

            at[last]++;
            for (var i = last + 1; i < count; i++)
            {
                at[i] = at[i - 1] + 1;
            }
        }
    }

    // Names are shown to people, and come from whoever made the record.
    private static bool IsName(string name) => name.Length > 0 && !name.Any(char.IsControl);

    private bool Matches(Share share)
    {
        var commitment = share.CommitmentFor(Id);
        return CryptographicOperations.FixedTimeEquals(commitment.AsSpan(), Custodians[share.Index - 1].Commitment.AsSpan());
    }

    internal static Digest CommitmentOf(Digest id, int index, SecretKey value)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var lease = value.Lend();
        hash.AppendData(Info);
        hash.AppendData(id.AsSpan());
        hash.AppendData([(byte)index]);
        hash.AppendData(lease.Span);
        Span<byte> digest = stackalloc byte[32];
        _ = hash.GetHashAndReset(digest);
        return new Digest(digest);
    }

    private static byte[] AdditionalData(Digest id, int epoch, int index, int threshold, Cid? policy) =>
        [.. id.AsSpan(), (byte)(epoch >> 24), (byte)(epoch >> 16), (byte)(epoch >> 8), (byte)epoch, (byte)index, (byte)threshold, .. policy is null ? default : policy.Bytes];

    private readonly ref struct Dealing(ReadOnlySpan<byte> secret, SecretKey[] coefficients, byte at)
    {
        public readonly ReadOnlySpan<byte> Secret = secret;
        public readonly SecretKey[] Coefficients = coefficients;
        public readonly byte At = at;
    }
}

/// <summary>A holder of one share.</summary>
/// <param name="Name">Known to people.</param>
/// <param name="Key">Its HPKE public key, uncompressed.</param>
/// <param name="Commitment">To its share.</param>
/// <param name="SealedShare">Its share, sealed to the key.</param>
public sealed record Custodian(string Name, ReadOnlyMemory<byte> Key, Digest Commitment, ReadOnlyMemory<byte> SealedShare);

/// <summary>One share, opened.</summary>
public sealed class Share : IDisposable
{
    private readonly SecretKey value;

    internal Share(Digest set, int index, SecretKey value)
    {
        Set = set;
        Index = index;
        this.value = value;
    }

    /// <summary>The set it belongs to.</summary>
    public Digest Set { get; }

    /// <summary>Its index, from 1.</summary>
    public int Index { get; }

    /// <summary>Its bytes.</summary>
    public int Length => value.Length;

    /// <summary>Puts a share together that arrived sealed to an enclave.</summary>
    /// <param name="set">The set.</param>
    /// <param name="index">From 1.</param>
    /// <param name="value">Taken over.</param>
    public static Share Received(Digest set, int index, SecretKey value) => new(set, index, value);

    /// <summary>The share's bytes, to be sealed to an enclave that was checked.</summary>
    public SecretKey Export() => value.Copy();

    internal SecretKey.Lease Lend() => value.Lend();

    internal bool IsEqual(SecretKey other) => value.FixedTimeEquals(other);

    internal Digest CommitmentFor(Digest id) => ShareSet.CommitmentOf(id, Index, value);

    /// <inheritdoc/>
    public override string ToString() => $"Share({Index}, ..)";

    /// <summary>Wipes the share.</summary>
    public void Dispose() => value.Dispose();
}
