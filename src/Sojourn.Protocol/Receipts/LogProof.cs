using System.Collections.Immutable;
using System.Security.Cryptography;
using Sojourn.Primitives;
using Sojourn.Primitives.Cbor;
using Sojourn.Protocol.Genesis;
using Sojourn.Protocol.Ports;

namespace Sojourn.Protocol.Receipts;

/// <summary>Why a proof of the receipt log does not hold.</summary>
public enum LogProofFault
{
    /// <summary>It holds.</summary>
    None = 0,

    /// <summary>The bytes are no such proof.</summary>
    Malformed,

    /// <summary>It is another ledger's.</summary>
    OtherLedger,

    /// <summary>It is another receipt's.</summary>
    OtherReceipt,

    /// <summary>The path does not lead to the root that was signed.</summary>
    WrongPath,

    /// <summary>No sequencer of the genesis signed the root.</summary>
    BadSignature,
}

/// <summary>Proof that a receipt is in a ledger's log, checked offline with the genesis alone.</summary>
/// <remarks>
/// A COSE Receipt (draft-ietf-cose-merkle-tree-proofs) as SCITT transparency services give: COSE_Sign1 with a detached payload, the log's root; protected header: algorithm, claims (issuer: the ledger; the log's size as private claim -65537), and
/// 395 (verifiable data structure) = 1, RFC9162_SHA256; unprotected header 396 (proofs) = { -1: [ bstr .cbor [size, index, [path]] ] }. The algorithm is ES256K or ES256, after the sequencer's key.
/// </remarks>
public sealed class LogProof
{
    /// <summary>The longest encoding that is read.</summary>
    public const int LengthMax = 8192;

    private const long Algorithm = 1;
    private const long KeyId = 4;
    private const long Claims = 15;
    private const long SizeClaim = -65537;
    private const long DataStructure = 395;
    private const long Proofs = 396;
    private const long Inclusion = -1;
    private const long Es256 = -7;
    private const long Es256k = -47;
    private const string IssuerPrefix = "sojourn:";
    private const int SecpEnvelope = 66;
    private const int P256Envelope = 98;

    private readonly byte[] _key;
    private readonly byte[] _signature;

    private LogProof(Digest ledger, ulong index, ulong size, ImmutableArray<Digest> path, byte[] key, byte[] signature)
    {
        Ledger = ledger;
        Index = index;
        Size = size;
        Path = path;
        _key = key;
        _signature = signature;
    }

    /// <summary>The ledger.</summary>
    public Digest Ledger { get; }

    /// <summary>The receipt's number in the log.</summary>
    public ulong Index { get; }

    /// <summary>The size of the log whose root was signed.</summary>
    public ulong Size { get; }

    /// <summary>The path, leaf to root.</summary>
    public ImmutableArray<Digest> Path { get; }

    /// <summary>A sequencer's signature over a root: over SHA-256 of the Sig_structure.</summary>
    /// <param name="ledger">The ledger.</param>
    /// <param name="size">The log's size. It is a claim of the protected header: a path alone would hold for several sizes.</param>
    /// <param name="root">The log's root.</param>
    /// <param name="signer">The sequencer's key.</param>
    /// <returns>The signature's envelope.</returns>
    public static byte[] SignRoot(in Digest ledger, ulong size, in Digest root, ISigner signer)
    {
        ArgumentNullException.ThrowIfNull(signer);
        // Which scheme the key has shows in what it signs; the header names it.
        var envelope = signer.Sign(SigningDigest(Protected(ledger, Es256k, size), root));
        return envelope.Length == P256Envelope ? signer.Sign(SigningDigest(Protected(ledger, Es256, size), root)) : envelope;
    }

    /// <summary>Makes a proof from what the log gives.</summary>
    /// <param name="ledger">The ledger.</param>
    /// <param name="receipt">The receipt's digest.</param>
    /// <param name="index">Its number.</param>
    /// <param name="size">The log's size.</param>
    /// <param name="path">The path.</param>
    /// <param name="root">The root.</param>
    /// <param name="envelope">What <see cref="SignRoot"/> gave.</param>
    public static LogProof Sign(in Digest ledger, in Digest receipt, ulong index, ulong size, ImmutableArray<Digest> path, in Digest root, ReadOnlySpan<byte> envelope)
    {
        if (!ReceiptTree.Includes(receipt, index, size, path.AsSpan(), root))
        {
            throw new InvalidOperationException($"The log does not hold receipt {index} of {size}.");
        }

        // An envelope is 1 ‖ r ‖ s ‖ v or 2 ‖ point ‖ r ‖ s: COSE wants r ‖ s, and what else it takes to check it goes into the key's name.
        return envelope.Length is not (SecpEnvelope or P256Envelope) ? throw new InvalidOperationException("The sequencer's key has no COSE algorithm.") : envelope.Length == SecpEnvelope
            ? new LogProof(ledger, index, size, path, [envelope[65]], envelope[1..65].ToArray())
            : new LogProof(ledger, index, size, path, envelope[1..34].ToArray(), envelope[34..].ToArray());
    }

    /// <summary>The encoding.</summary>
    public byte[] Encode()
    {
        var inclusion = new CborWriter(CborProfile.DagCbor, 64 + (34 * Path.Length));
        inclusion.BeginArray().WriteUnsigned(Size).WriteUnsigned(Index).BeginArray();
        foreach (var node in Path)
        {
            inclusion.WriteBytes(node.AsSpan());
        }

        inclusion.EndArray().EndArray();
        var w = new CborWriter(CborProfile.Deterministic, 512 + (34 * Path.Length));
        w.WriteTag(18).BeginArray().WriteBytes(Protected(Ledger, AlgorithmOf(_key), Size)).BeginMap()
            .WriteInteger(KeyId).WriteBytes(_key)
            .WriteInteger(Proofs).BeginMap().WriteInteger(Inclusion).BeginArray().WriteBytes(inclusion.ToArray()).EndArray().EndMap()
            .EndMap().WriteNull().WriteBytes(_signature).EndArray();
        return w.ToArray();
    }

    /// <summary>Reads a proof; nothing is checked by this.</summary>
    /// <param name="encoded">The encoding.</param>
    /// <param name="proof">The proof, or null.</param>
    public static bool TryDecode(ReadOnlySpan<byte> encoded, out LogProof? proof)
    {
        proof = null;
        if (encoded.Length > LengthMax)
        {
            return false;
        }

        try
        {
            var r = new CborReader(encoded, CborProfile.Deterministic, 16);
            r.ReadTag(18);
            r.ReadArrayHeaderExactly(4);
            if (!TryReadProtected(r.ReadBytes(256), out var ledger, out var algorithm, out var signedSize))
            {
                return false;
            }

            r.ReadMapHeaderExactly(2);
            r.ReadKey(KeyId);
            var key = r.ReadBytes(33).ToArray();
            if (key.Length is not (1 or 33) || algorithm != AlgorithmOf(key))
            {
                return false;
            }

            r.ReadKey(Proofs);
            r.ReadMapHeaderExactly(1);
            r.ReadKey(Inclusion);
            r.ReadArrayHeaderExactly(1);
            var inner = new CborReader(r.ReadBytes(LengthMax), CborProfile.DagCbor, 4);
            inner.ReadArrayHeaderExactly(3);
            var (size, index) = (inner.ReadUInt64(), inner.ReadUInt64());
            var count = inner.ReadArrayHeader(ReceiptTree.PathMax);
            var path = ImmutableArray.CreateBuilder<Digest>(count);
            for (var i = 0; i < count; i++)
            {
                path.Add(new Digest(inner.ReadBytesExactly(Digest.Length)));
            }

            inner.ReadEnd();
            if (size != signedSize)
            {
                return false;
            }

            r.ReadNull();
            var signature = r.ReadBytesExactly(64).ToArray();
            r.ReadEnd();
            proof = new LogProof(ledger, index, size, path.MoveToImmutable(), key, signature);
            return true;
        }
        catch (CborException)
        {
            return false;
        }
    }

    /// <summary>Checks that a receipt is in the log of a ledger.</summary>
    /// <param name="receipt">The receipt's digest.</param>
    /// <param name="genesis">The ledger's genesis, from a source that is trusted: it names the sequencers.</param>
    /// <param name="signatures">The schemes.</param>
    public LogProofFault Verify(in Digest receipt, LedgerGenesis genesis, ISignatureScheme signatures)
    {
        ArgumentNullException.ThrowIfNull(genesis);
        ArgumentNullException.ThrowIfNull(signatures);
        if (Ledger != GenesisCodec.DigestOf(genesis))
        {
            return LogProofFault.OtherLedger;
        }

        if (RootOf(receipt) is not { } root)
        {
            return LogProofFault.WrongPath;
        }

        byte[] envelope = _key.Length == 1 ? [1, .. _signature, _key[0]] : [2, .. _key, .. _signature];
        var digest = SigningDigest(Protected(Ledger, AlgorithmOf(_key), Size), root);
        foreach (var sequencer in genesis.Sequencers)
        {
            if (signatures.Verify(sequencer.Address, digest, envelope))
            {
                return LogProofFault.None;
            }
        }

        // A wrong receipt or path gives another root, which nobody signed; the two cannot be told apart.
        return LogProofFault.BadSignature;
    }

    /// <summary>The root that the path leads to from a receipt: computed, not told. Null where the path has another length than such a log's.</summary>
    /// <param name="receipt">The receipt's digest.</param>
    public Digest? RootOf(in Digest receipt)
    {
        if (Index >= Size)
        {
            return null;
        }

        var (fn, sn) = (Index, Size - 1);
        var at = ReceiptAccumulator.Leaf(receipt);
        foreach (var other in Path)
        {
            if (sn == 0)
            {
                return null;
            }

            if ((fn & 1) == 1 || fn == sn)
            {
                at = ReceiptAccumulator.Node(other, at);
                while ((fn & 1) == 0 && fn != 0)
                {
                    fn >>= 1;
                    sn >>= 1;
                }
            }
            else
            {
                at = ReceiptAccumulator.Node(at, other);
            }

            fn >>= 1;
            sn >>= 1;
        }

        return sn == 0 ? at : null;
    }

    private static long AlgorithmOf(byte[] key) => key.Length == 1 ? Es256k : Es256;

    // { 1: alg, 15: { 1: issuer, -65537: size }, 395: 1 }.
    private static byte[] Protected(in Digest ledger, long algorithm, ulong size)
    {
        var w = new CborWriter(CborProfile.Deterministic, 128);
        w.BeginMap().WriteKey(Algorithm).WriteInteger(algorithm).WriteKey(Claims).BeginMap().WriteKey(1).WriteText(IssuerPrefix + ledger).WriteKey(SizeClaim).WriteUnsigned(size).EndMap().WriteKey(DataStructure).WriteInteger(1).EndMap();
        return w.ToArray();
    }

    private static bool TryReadProtected(ReadOnlySpan<byte> bytes, out Digest ledger, out long algorithm, out ulong size)
    {
        var r = new CborReader(bytes, CborProfile.Deterministic, 4);
        r.ReadMapHeaderExactly(3);
        r.ReadKey(Algorithm);
        algorithm = r.ReadInt64();
        r.ReadKey(Claims);
        r.ReadMapHeaderExactly(2);
        r.ReadKey(1);
        var issuer = r.ReadText(80);
        r.ReadKey(SizeClaim);
        size = r.ReadUInt64();
        ledger = default;
        if (!issuer.StartsWith(IssuerPrefix, StringComparison.Ordinal) || !Digest.TryParse(issuer.AsSpan(IssuerPrefix.Length), out ledger))
        {
            return false;
        }

        r.ReadKey(DataStructure);
        var structure = r.ReadInt64();
        r.ReadEnd();
        return structure == 1;
    }

    // RFC 9052, section 4.4: [ "Signature1", protected, external_aad, payload ].
    private static Digest SigningDigest(ReadOnlySpan<byte> protectedHeader, in Digest root)
    {
        var w = new CborWriter(CborProfile.Deterministic, 256);
        w.BeginArray().WriteText("Signature1").WriteBytes(protectedHeader).WriteBytes([]).WriteBytes(root.AsSpan()).EndArray();
        return new Digest(SHA256.HashData(w.ToArray()));
    }
}
