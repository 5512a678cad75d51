using System.Collections.Immutable;
using Sojourn.Attestation;
using Sojourn.Cryptography.Identity;
using Sojourn.Primitives;
using Sojourn.Protocol.Policies;

namespace Sojourn.Protocol.Tests.Policies;

/// <summary>A policy that allows one request, and that request: tests change one thing at a time.</summary>
internal static class PolicySamples
{
    public static readonly Secp256k1Identity Owner = Identity(1);

    public static readonly Address Requester = Identity(2).Address;

    public static readonly Cid Code = Cid.ForRaw("code"u8);

    public static readonly Cid Guard = Cid.ForRaw("guard"u8);

    public static readonly DateTimeOffset Now = new(2030, 6, 1, 12, 0, 0, TimeSpan.Zero);

    public static readonly byte[] Reader = [4, .. Enumerable.Repeat((byte)7, 64)];

    public static DataPolicy Data => new()
    {
        Title = "Blood counts",
        Owner = Owner.Address,
        NotBefore = Now.AddDays(-1),
        NotAfter = Now.AddDays(1),
        Requesters = [Requester],
        Code = [Code],
        Proof = new ProofRequirement
        {
            Kinds = [EvidenceKind.SevSnp, EvidenceKind.Tdx],
            Custody = CustodyClass.KnownOperator,
            Measurements = [ReferenceSet.Of("release-1", ("launch", "00ff"))],
            RequireChip = true,
            Regions = ["eu"],
            VerifiersMin = 3,
        },
        Limits = new UseLimits { Uses = 10, Draws = 20, Period = TimeSpan.FromDays(7), PeriodUses = 3, PeriodOutputBytes = 10_000 },
        Output = new OutputRule { BytesMax = 4096, Recipients = [Reader], Guards = [Guard] },
        Price = new PriceRule { PerUse = new Amount(UInt128.MaxValue / 3) },
        Pool = new PoolRule { Members = [Identity(3).Address, Identity(4).Address, Identity(5).Address], MembersMin = 2 },
    };

    /// <summary>The records of one of the pool's members: the content that is asked for.</summary>
    public static readonly Cid Records = Cid.ForDagCbor("records of 3"u8);

    public static readonly Cid OtherRecords = Cid.ForDagCbor("records of 5"u8);

    /// <summary>The same policy for a single owner, whose price is shared.</summary>
    public static DataPolicy Alone => Data with { Pool = null, Price = Data.Price with { Shares = [new PayShare(Owner.Address, 2), new PayShare(Requester, 1)] } };

    public static AppPolicy App => new()
    {
        Code = [Cid.ForRaw("body"u8)],
        Title = "Model",
        Owner = Owner.Address,
        NotBefore = Now.AddDays(-1),
        NotAfter = Now.AddDays(1),
        AnyRequester = true,
        Proof = Data.Proof,
    };

    public static ProofFacts Facts => new()
    {
        Accepted = true,
        Level = TrustLevel.Tee,
        Kind = EvidenceKind.SevSnp,
        Custody = CustodyClass.EndorsedDataCentre,
        Tcb = TcbStatus.NotApplicable,
        Reference = "release-1",
        HasChip = true,
    };

    public static PolicyRequest Request => new()
    {
        Stage = PolicyStage.Release,
        Now = Now,
        Requester = Requester,
        Code = Code,
        Proof = Facts,
        Verifiers = 3,
        Regions = ["europe", "EU"],
        Uses = 9,
        Draws = 20,
        PeriodUses = 2,
        PeriodOutputBytes = 6000,
        OutputBytesMax = 4000,
        OutputRecipients = [Reader],
        Guards = [Guard],
        Job = Digest.Of("job"u8),
        Admission = Digest.Of("admission"u8),
        Content = Records,
        Role = ContentRoles.Input,
        Paid = ImmutableDictionary<Address, Amount>.Empty.Add(Identity(3).Address, new Amount(UInt128.MaxValue / 3)),
        Revoked = false,
        JobContents = [Code, Records, OtherRecords],
        Consents = new Dictionary<Address, Cid> { [Identity(3).Address] = Records, [Identity(5).Address] = OtherRecords },
    };

    public static Secp256k1Identity Identity(byte number)
    {
        var scalar = new byte[32];
        scalar[31] = number;
        return Secp256k1Identity.Import(scalar);
    }

    public static SignedPolicy Sign(OwnerPolicy policy) => SignedPolicy.Sign(policy, Owner);
}
