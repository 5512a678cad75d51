using Sojourn.Primitives;
using Sojourn.Protocol.Receipts;
using Sojourn.Simulation.Model;

namespace Sojourn.Protocol.Tests;

/// <summary>The receipt log against the definitions of RFC 9162, section 2.1, written out plainly, for every size and place up to a bound.</summary>
public sealed class ReceiptTreeTests
{
    private const int SizeMax = 40;

    private static Digest Leaf(int i) => Workbench.Hash($"receipt {i}");

    // MTH, section 2.1.1, word for word.
    private static Digest Plain(int first, int length)
    {
        if (length == 0)
        {
            return Digest.Of([]);
        }

        if (length == 1)
        {
            return Digest.Of([0, .. Leaf(first).AsSpan()]);
        }

        var k = 1;
        while (k * 2 < length)
        {
            k *= 2;
        }

        return Digest.Of([1, .. Plain(first, k).AsSpan(), .. Plain(first + k, length - k).AsSpan()]);
    }

    private static Digest Subtree(int level, ulong number) => Plain((int)number << level, 1 << level);

    [Fact]
    public void Roots_and_the_growing_edge_agree_with_the_definition()
    {
        var log = new ReceiptAccumulator();
        for (var size = 0; size <= SizeMax; size++)
        {
            Assert.Equal(Plain(0, size), log.Root);
            Assert.Equal(Plain(0, size), ReceiptTree.RootOf((ulong)size, Subtree));
            Assert.Equal((ulong)size, log.Append(Leaf(size)));
        }
    }

    [Fact]
    public void Every_leaf_of_every_size_is_proved_and_no_other_with_that_proof()
    {
        for (var size = 1; size <= SizeMax; size++)
        {
            var root = Plain(0, size);
            for (var i = 0; i < size; i++)
            {
                var path = ReceiptTree.InclusionPath((ulong)i, (ulong)size, Subtree);
                Assert.True(ReceiptTree.Includes(Leaf(i), (ulong)i, (ulong)size, path.AsSpan(), root));
                Assert.False(ReceiptTree.Includes(Leaf(i + 1), (ulong)i, (ulong)size, path.AsSpan(), root));
                Assert.False(ReceiptTree.Includes(Leaf(i), (ulong)i, (ulong)size, path.AsSpan(), Leaf(0)));
                Assert.False(ReceiptTree.Includes(Leaf(i), (ulong)size, (ulong)size, path.AsSpan(), root));
                Assert.False(ReceiptTree.Includes(Leaf(i), (ulong)i, (ulong)size, path.Add(root).AsSpan(), root));
                if (path.Length > 0)
                {
                    Assert.False(ReceiptTree.Includes(Leaf(i), (ulong)i, (ulong)size, path.RemoveAt(path.Length - 1).AsSpan(), root));
                }

                for (var other = 0; other < size; other++)
                {
                    Assert.Equal(other == i, ReceiptTree.Includes(Leaf(i), (ulong)other, (ulong)size, path.AsSpan(), root));
                }
            }
        }
    }

    [Fact]
    public void Every_log_extends_every_earlier_one_and_no_rewritten_one()
    {
        for (var to = 1; to <= SizeMax; to++)
        {
            for (var from = 1; from <= to; from++)
            {
                var path = ReceiptTree.ConsistencyPath((ulong)from, (ulong)to, Subtree);
                Assert.True(ReceiptTree.Extends((ulong)from, Plain(0, from), (ulong)to, Plain(0, to), path.AsSpan()), $"{from} of {to}");
                Assert.False(ReceiptTree.Extends((ulong)from, Leaf(from), (ulong)to, Plain(0, to), path.AsSpan()));
                Assert.False(ReceiptTree.Extends((ulong)from, Plain(0, from), (ulong)to, Leaf(to), path.AsSpan()));
                for (var i = 0; i < path.Length; i++)
                {
                    Assert.False(ReceiptTree.Extends((ulong)from, Plain(0, from), (ulong)to, Plain(0, to), path.SetItem(i, Leaf(99)).AsSpan()));
                    Assert.False(ReceiptTree.Extends((ulong)from, Plain(0, from), (ulong)to, Plain(0, to), path.RemoveAt(i).AsSpan()));
                }
            }
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_proof_travels_as_a_cose_receipt_and_every_changed_byte_is_found(bool ethereum)
    {
        var keys = new RealCryptography(5, ethereum);
        var sequencer = keys.Signer("sequencer");
        var genesis = new Genesis.LedgerGenesis { Name = "log", Issuer = sequencer.Address, Sequencers = [new Genesis.Sequencer(sequencer.Address, keys.VrfKey("sequencer").PublicKey)] };
        var ledger = Genesis.GenesisCodec.DigestOf(genesis);
        var root = Plain(0, 13);
        var proof = LogProof.Sign(ledger, Leaf(5), 5, 13, ReceiptTree.InclusionPath(5, 13, Subtree), root, LogProof.SignRoot(ledger, 13, root, sequencer));
        var encoded = proof.Encode();
        Assert.Equal(0xd2, encoded[0]);
        Assert.True(LogProof.TryDecode(encoded, out var read));
        Assert.Equal((5UL, 13UL, ledger), (read!.Index, read.Size, read.Ledger));
        Assert.Equal(encoded, read.Encode());
        Assert.Equal(LogProofFault.None, read.Verify(Leaf(5), genesis, keys));
        Assert.Equal(LogProofFault.BadSignature, read.Verify(Leaf(6), genesis, keys));
        Assert.Equal(LogProofFault.OtherLedger, read.Verify(Leaf(5), genesis with { Name = "other" }, keys));
        // The recovery bit of secp256k1 is a hint for finding the key; where the key is known it says nothing.
        var hint = ethereum ? encoded.AsSpan().IndexOf((byte[])[0x04, 0x41]) + 2 : -1;
        for (var i = 0; i < encoded.Length; i++)
        {
            var changed = (byte[])encoded.Clone();
            changed[i] ^= 1;
            Assert.False(i != hint && LogProof.TryDecode(changed, out var wrong) && wrong!.Verify(Leaf(5), genesis, keys) == LogProofFault.None, $"byte {i}");
            Assert.False(LogProof.TryDecode(encoded.AsSpan(0, i), out _));
        }

        Assert.Throws<InvalidOperationException>(() => LogProof.Sign(ledger, Leaf(5), 6, 13, ReceiptTree.InclusionPath(5, 13, Subtree), root, LogProof.SignRoot(ledger, 13, root, sequencer)));
    }
}
