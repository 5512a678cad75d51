using Sojourn.Primitives;
using Sojourn.Primitives.Cbor;
using Sojourn.Protocol.Transactions;

namespace Sojourn.Protocol.Genesis;

/// <summary>The encoding of a genesis (deterministic dag-cbor), whose SHA-256 is the ledger's identity.</summary>
public static class GenesisCodec
{
    private const string Format = "sojourn/genesis/1";

    /// <summary>The identity of a ledger.</summary>
    /// <param name="genesis">Its genesis.</param>
    public static Digest DigestOf(LedgerGenesis genesis) => Digest.Of(Encode(genesis));

    /// <summary>Encodes a genesis.</summary>
    /// <param name="genesis">The genesis.</param>
    public static byte[] Encode(LedgerGenesis genesis)
    {
        ArgumentNullException.ThrowIfNull(genesis);
        var w = new CborWriter(CborProfile.DagCbor, 512);
        w.BeginArray().WriteText(Format).WriteText(genesis.Name).WriteBoolean(genesis.Development).WriteInteger(genesis.StartsAt).WriteUnsigned(genesis.HeightMilliseconds)
            .Put(genesis.Issuer)
            .PutList(genesis.Sequencers, static (writer, sequencer) => writer.BeginArray().Put(sequencer.Address).WriteBytes(sequencer.VrfKey.Span).EndArray())
            .WriteBoolean(genesis.VrfOnChallenge)
            .PutList(genesis.Allocations, static (writer, allocation) => writer.BeginArray().Put(allocation.To).Put(allocation.Amount).EndArray());
        var r = genesis.Rules;
        w.BeginArray().Put(r.StakeUnit).WriteUnsigned(r.NodeUnitsMin).WriteUnsigned(r.NodeUnitsMax).Put(r.PostFee).WriteUnsigned(r.TreasuryShare).WriteUnsigned(r.SilentExecutorShare)
            .Put(r.SilentVerifierPenalty).Put(r.ExecutorBondMin).Put(r.VerifierBond).WriteUnsigned(r.ReporterShare).WriteUnsigned(r.FailShare).WriteUnsigned(r.ReviewFloorShare)
            .WriteUnsigned(r.AuditFloor).WriteUnsigned(r.AuditDelay).WriteUnsigned(r.WindowMin).WriteUnsigned(r.WindowMax).WriteUnsigned(r.JobHeightsMax).WriteUnsigned(r.ProfileDelay)
            .WriteUnsigned(r.UnbondDelay).WriteUnsigned(r.CreditEpoch).Put(r.PayoutMin).WriteUnsigned(r.PayoutEpochs).WriteUnsigned(r.BatchClaimHeights).Put(r.ChallengeFee)
            .WriteUnsigned(r.BeaconEpoch).EndArray().EndArray();
        return w.ToArray();
    }

    /// <summary>Reads a genesis.</summary>
    /// <param name="encoded">Its encoding.</param>
    /// <param name="genesis">The genesis, or null.</param>
    /// <returns>Whether it was one, with rules that can work.</returns>
    public static bool TryDecode(ReadOnlySpan<byte> encoded, out LedgerGenesis? genesis)
    {
        genesis = null;
        try
        {
            var r = new CborReader(encoded, CborProfile.DagCbor, 8);
            r.ReadArrayHeaderExactly(10);
            if (r.ReadText(64) != Format)
            {
                return false;
            }

            var read = new LedgerGenesis
            {
                Name = r.ReadText(256),
                Development = r.ReadBoolean(),
                StartsAt = r.ReadInt64(),
                HeightMilliseconds = FieldCodec.UInt32(ref r),
                Issuer = FieldCodec.Address(ref r),
                Sequencers = FieldCodec.List(ref r, 16, ReadSequencer),
                VrfOnChallenge = r.ReadBoolean(),
                Allocations = FieldCodec.List(ref r, 10_000, ReadAllocation),
                Rules = ReadRules(ref r),
            };
            r.ReadEnd();
            if (!AreSound(read))
            {
                return false;
            }

            genesis = read;
            return true;
        }
        catch (FormatException)
        {
            return false;
        }
    }

    /// <summary>Whether a genesis can work: shares below the whole, units and clocks not zero, sums that fit.</summary>
    /// <param name="genesis">The genesis.</param>
    public static bool AreSound(LedgerGenesis genesis)
    {
        ArgumentNullException.ThrowIfNull(genesis);
        var r = genesis.Rules;
        UInt128 sum = 0;
        foreach (var (_, amount) in genesis.Allocations)
        {
            if (amount.Units > UInt128.MaxValue >> 2 || (sum += amount.Units) > UInt128.MaxValue >> 2)
            {
                return false;
            }
        }

        return !r.StakeUnit.IsZero && r.NodeUnitsMin > 0 && r.NodeUnitsMin <= r.NodeUnitsMax && r.NodeUnitsMax <= 1 << 24 && r.TreasuryShare <= 5000 && r.SilentExecutorShare <= 10_000
            && r.ReporterShare <= 10_000 && r.FailShare <= 5000 && r.ReviewFloorShare <= 10_000 && r.AuditFloor <= 1_000_000 && r.WindowMin > 0 && r.WindowMin <= r.WindowMax
            && r.CreditEpoch > 0 && r.BeaconEpoch > 0 && genesis.HeightMilliseconds > 0 && r.StakeUnit.Units <= UInt128.MaxValue >> 32;
    }

    private static Sequencer ReadSequencer(ref CborReader r)
    {
        r.ReadArrayHeaderExactly(2);
        return new Sequencer(FieldCodec.Address(ref r), FieldCodec.Bytes(ref r, 64));
    }

    private static Allocation ReadAllocation(ref CborReader r)
    {
        r.ReadArrayHeaderExactly(2);
        return new Allocation(FieldCodec.Address(ref r), FieldCodec.Amount(ref r));
    }

    private static LedgerRules ReadRules(ref CborReader r)
    {
        r.ReadArrayHeaderExactly(25);
        return new LedgerRules
        {
            StakeUnit = FieldCodec.Amount(ref r),
            NodeUnitsMin = FieldCodec.UInt32(ref r),
            NodeUnitsMax = FieldCodec.UInt32(ref r),
            PostFee = FieldCodec.Amount(ref r),
            TreasuryShare = FieldCodec.UInt32(ref r),
            SilentExecutorShare = FieldCodec.UInt32(ref r),
            SilentVerifierPenalty = FieldCodec.Amount(ref r),
            ExecutorBondMin = FieldCodec.Amount(ref r),
            VerifierBond = FieldCodec.Amount(ref r),
            ReporterShare = FieldCodec.UInt32(ref r),
            FailShare = FieldCodec.UInt32(ref r),
            ReviewFloorShare = FieldCodec.UInt32(ref r),
            AuditFloor = FieldCodec.UInt32(ref r),
            AuditDelay = FieldCodec.UInt32(ref r),
            WindowMin = FieldCodec.UInt32(ref r),
            WindowMax = FieldCodec.UInt32(ref r),
            JobHeightsMax = r.ReadUInt64(),
            ProfileDelay = FieldCodec.UInt32(ref r),
            UnbondDelay = FieldCodec.UInt32(ref r),
            CreditEpoch = FieldCodec.UInt32(ref r),
            PayoutMin = FieldCodec.Amount(ref r),
            PayoutEpochs = FieldCodec.UInt32(ref r),
            BatchClaimHeights = FieldCodec.UInt32(ref r),
            ChallengeFee = FieldCodec.Amount(ref r),
            BeaconEpoch = FieldCodec.UInt32(ref r),
        };
    }
}
