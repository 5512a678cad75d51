using System.Collections.Immutable;
using Sojourn.Cryptography.Identity;
using Sojourn.Primitives;
using Sojourn.Primitives.Cbor;
using Sojourn.Primitives.Ipld;

namespace Sojourn.Protocol.Policies;

/// <summary>A policy that its owner signed. Its CID is what sealed content names.</summary>
/// <remarks>
/// What is signed is a line that wallets show (EIP-191): the format's name and the CID of the unsigned policy. The block carries
/// the policy and the signature, so a policy that travels with content needs nothing else to be checked.
/// </remarks>
public sealed class SignedPolicy
{
    private const string Format = "sojourn/signed-policy/1";

    private readonly byte[] block;

    private SignedPolicy(OwnerPolicy policy, byte[] block, Cid body)
    {
        Policy = policy;
        this.block = block;
        Body = body;
        Cid = Cid.ForDagCbor(block);
    }

    /// <summary>The policy; its owner's signature was checked.</summary>
    public OwnerPolicy Policy { get; }

    /// <summary>The CID of the signed block.</summary>
    public Cid Cid { get; }

    /// <summary>The CID of the policy without its signature: what counters of uses are kept by.</summary>
    public Cid Body { get; }

    /// <summary>The signed block.</summary>
    public ReadOnlyMemory<byte> Block => block;

    /// <summary>Signs a policy.</summary>
    /// <param name="policy">A policy without faults, owned by the signer.</param>
    /// <param name="owner">The owner's key.</param>
    public static SignedPolicy Sign(OwnerPolicy policy, Secp256k1Identity owner)
    {
        ArgumentNullException.ThrowIfNull(policy);
        ArgumentNullException.ThrowIfNull(owner);
        if (policy.Fault() is { } fault)
        {
            throw new ArgumentException(fault, nameof(policy));
        }

        if (policy.Owner != owner.Address)
        {
            throw new ArgumentException($"the policy's owner is {policy.Owner}, the key is {owner.Address}'s", nameof(owner));
        }

        var body = Cid.ForDagCbor(PolicyCodec.Encode(policy));
        var signature = owner.Sign(Digest(body)).ToBytes();
        var writer = new CborWriter(CborProfile.DagCbor, 1024).BeginMap().WriteKey("type").WriteText(Format).WriteKey("policy");
        PolicyCodec.Write(writer, policy);
        return new SignedPolicy(policy, writer.WriteKey("signature").WriteBytes(signature).EndMap().ToArray(), body);
    }

    /// <summary>Reads and checks a signed policy; untrusted.</summary>
    /// <param name="block">The block.</param>
    /// <param name="signed">The policy, unless there is a fault.</param>
    public static PolicyFault TryDecode(ReadOnlySpan<byte> block, out SignedPolicy? signed)
    {
        signed = null;
        if (block.Length > PolicyCodec.SizeMax || !DagCbor.TryDecode(block, out var value, out _))
        {
            return PolicyFault.Malformed;
        }

        if (value is not DagMap { Entries.Length: 3 } map || map["policy"] is not { } inner || map["signature"] is not DagBytes signature || map["type"] is not DagText type)
        {
            return PolicyFault.Malformed;
        }

        if (type.Value != Format)
        {
            return PolicyFault.UnknownVersion;
        }

        var fault = PolicyCodec.TryRead(inner, out var policy);
        if (fault != PolicyFault.None)
        {
            return fault;
        }

        var body = Cid.ForDagCbor(PolicyCodec.Encode(policy!));
        if (RecoverableSignature.TryDecode(signature.Value.Span, out var parsed) != SignatureFault.None
            || Secp256k1PublicKey.TryRecover(Digest(body), parsed!, out var signer) != SignatureFault.None)
        {
            return PolicyFault.BadSignature;
        }

        if (signer!.Address != policy!.Owner)
        {
            return PolicyFault.NotSignedByOwner;
        }

        signed = new SignedPolicy(policy, block.ToArray(), body);
        return PolicyFault.None;
    }

    /// <summary>The line that the owner signs.</summary>
    /// <param name="body">The CID of the unsigned policy.</param>
    public static string LineToSign(Cid body) => $"{Format}\n{body}";

    private static byte[] Digest(Cid body) => PersonalMessage.Digest(LineToSign(body));
}
