using Sojourn.Cryptography.Identity;
using Sojourn.Primitives;
using Sojourn.Primitives.Cbor;

namespace Sojourn.Protocol.Policies;

/// <summary>A pool member's signed word: that its records may be used under a policy, or no longer.</summary>
public sealed record PoolConsent
{
    private PoolConsent(Cid policy, Address member, Cid content, bool granted, ulong sequence, ReadOnlyMemory<byte> signature)
    {
        Policy = policy;
        Member = member;
        Content = content;
        Granted = granted;
        Sequence = sequence;
        Signature = signature;
    }

    /// <summary>The signed policy's CID.</summary>
    public Cid Policy { get; }

    /// <summary>Who consents or withdraws; the signature is this account's.</summary>
    public Address Member { get; }

    /// <summary>The member's sealed records.</summary>
    public Cid Content { get; }

    /// <summary>Whether it consents; a withdrawal otherwise.</summary>
    public bool Granted { get; }

    /// <summary>Counts up: the highest word counts, so an old consent cannot undo a withdrawal.</summary>
    public ulong Sequence { get; }

    /// <summary>The signature.</summary>
    public ReadOnlyMemory<byte> Signature { get; }

    /// <summary>Signs.</summary>
    /// <param name="policy">The signed policy's CID.</param>
    /// <param name="content">The member's sealed records.</param>
    /// <param name="granted">Consent, or withdrawal.</param>
    /// <param name="sequence">Higher than the last.</param>
    /// <param name="member">The member's key.</param>
    public static PoolConsent Sign(Cid policy, Cid content, bool granted, ulong sequence, Secp256k1Identity member)
    {
        ArgumentNullException.ThrowIfNull(member);
        var signature = member.Sign(PersonalMessage.Digest(Line(policy, content, granted, sequence))).ToBytes();
        return new PoolConsent(policy, member.Address, content, granted, sequence, signature);
    }

    /// <summary>The encoding (dag-cbor).</summary>
    public byte[] Encode() => new CborWriter(CborProfile.DagCbor).BeginArray()
        .WriteCid(Policy).WriteBytes(Member.AsSpan()).WriteCid(Content).WriteBoolean(Granted).WriteUnsigned(Sequence).WriteBytes(Signature.Span)
        .EndArray().ToArray();

    /// <summary>Reads and checks; untrusted.</summary>
    /// <param name="bytes">The encoding.</param>
    /// <param name="consent">The statement, unless there is a fault.</param>
    public static PolicyFault TryDecode(ReadOnlySpan<byte> bytes, out PoolConsent? consent)
    {
        consent = null;
        try
        {
            var reader = new CborReader(bytes, CborProfile.DagCbor, 2);
            reader.ReadArrayHeaderExactly(6);
            var policy = reader.ReadCid();
            var member = new Address(reader.ReadBytesExactly(Address.Length));
            var content = reader.ReadCid();
            var granted = reader.ReadBoolean();
            var sequence = reader.ReadUInt64();
            var signature = reader.ReadBytesExactly(RecoverableSignature.Size).ToArray();
            reader.ReadEnd();
            if (RecoverableSignature.TryDecode(signature, out var parsed) != SignatureFault.None
                || Secp256k1PublicKey.TryRecover(PersonalMessage.Digest(Line(policy, content, granted, sequence)), parsed!, out var signer) != SignatureFault.None
                || signer!.Address != member)
            {
                return PolicyFault.BadSignature;
            }

            consent = new PoolConsent(policy, member, content, granted, sequence, signature);
            return PolicyFault.None;
        }
        catch (CborException)
        {
            return PolicyFault.Malformed;
        }
    }

    private static string Line(Cid policy, Cid content, bool granted, ulong sequence) =>
        FormattableString.Invariant($"sojourn/pool-consent/1\n{(granted ? "consent" : "withdraw")}\npolicy {policy}\ncontent {content}\nnumber {sequence}");
}

/// <summary>Which members' consent stands.</summary>
public static class PoolConsents
{
    /// <summary>The members whose last word under a policy is consent.</summary>
    /// <param name="policy">The signed policy.</param>
    /// <param name="statements">Checked statements, in any order, with repetitions or of other policies.</param>
    public static IReadOnlyDictionary<Address, Cid> Standing(SignedPolicy policy, IEnumerable<PoolConsent> statements)
    {
        ArgumentNullException.ThrowIfNull(policy);
        ArgumentNullException.ThrowIfNull(statements);
        var members = policy.Policy is DataPolicy { Pool: { } pool } ? pool.Members.ToHashSet() : [];
        var last = new Dictionary<Address, PoolConsent>();
        foreach (var statement in statements)
        {
            if (statement.Policy != policy.Cid || !members.Contains(statement.Member))
            {
                continue;
            }

            // Of two words with one number the withdrawal counts: the member said it at least once.
            if (!last.TryGetValue(statement.Member, out var known)
                || statement.Sequence > known.Sequence
                || (statement.Sequence == known.Sequence && !statement.Granted))
            {
                last[statement.Member] = statement;
            }
        }

        return last.Where(pair => pair.Value.Granted).ToDictionary(pair => pair.Key, pair => pair.Value.Content);
    }
}
