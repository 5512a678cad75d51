using Sojourn.Attestation;
using Sojourn.Primitives;
using Sojourn.Protocol.Policies;
using Xunit;
using static Sojourn.Protocol.Tests.Policies.PolicySamples;

namespace Sojourn.Protocol.Tests.Policies;

public sealed class PolicyEvaluatorTests
{
    [Fact]
    public void What_the_policy_says_is_granted()
    {
        var decision = PolicyEvaluator.Evaluate(Sign(Data), Request);
        Assert.True(decision.Allowed, string.Join("\n", decision.Failures));
        Assert.All(decision.Clauses, clause => Assert.Equal(ClauseOutcome.Holds, clause.Outcome));
        Assert.Equal(decision.Policy.Cid, decision.Grant!.Policy);
        Assert.True(PolicyEvaluator.Evaluate(Sign(App), Request).Allowed);
    }

    public static TheoryData<Clause, Func<PolicyRequest, PolicyRequest>> OneThingWrong => new()
    {
        { Clause.Validity, r => r with { Now = Now.AddDays(-2) } },
        { Clause.Validity, r => r with { Now = Now.AddDays(1) } },
        { Clause.Revocation, r => r with { Revoked = true } },
        { Clause.Requester, r => r with { Requester = Owner.Address } },
        { Clause.Code, r => r with { Code = Guard } },
        { Clause.Level, r => r with { Proof = Facts with { Level = TrustLevel.Tpm } } },
        { Clause.Kind, r => r with { Proof = Facts with { Kind = EvidenceKind.Sgx } } },
        { Clause.Kind, r => r with { Proof = Facts with { Kind = EvidenceKind.Simulated } } },
        { Clause.Custody, r => r with { Proof = Facts with { Custody = CustodyClass.Unknown } } },
        { Clause.Tcb, r => r with { Proof = Facts with { Tcb = TcbStatus.OutOfDate } } },
        { Clause.Measurement, r => r with { Proof = Facts with { Reference = "" } } },
        { Clause.Measurement, r => r with { Proof = Facts with { Reference = "release-2" } } },
        { Clause.Chip, r => r with { Proof = Facts with { HasChip = false } } },
        { Clause.Evidence, r => r with { Proof = Facts with { Accepted = false, Against = "too old" } } },
        { Clause.Region, r => r with { Region = "us" } },
        { Clause.Region, r => r with { Region = null } },
        { Clause.Verifiers, r => r with { Verifiers = 2 } },
        { Clause.Uses, r => r with { Uses = 10 } },
        { Clause.Draws, r => r with { Draws = 21 } },
        { Clause.PeriodUses, r => r with { PeriodUses = 3 } },
        { Clause.PeriodOutput, r => r with { PeriodOutputBytes = 6001 } },
        { Clause.OutputSize, r => r with { OutputBytesMax = 4097, PeriodOutputBytes = 0 } },
        { Clause.OutputRecipients, r => r with { OutputRecipients = [] } },
        { Clause.OutputRecipients, r => r with { OutputRecipients = [Reader, new byte[65]] } },
        { Clause.Guards, r => r with { Guards = [] } },
        { Clause.Price, r => r with { Offered = Amount.Zero } },
        { Clause.Consent, r => r with { Consenting = [Identity(3).Address, Owner.Address] } },
    };

    [Theory]
    [MemberData(nameof(OneThingWrong))]
    public void One_thing_wrong_fails_that_clause_alone_and_says_so(Clause clause, Func<PolicyRequest, PolicyRequest> change)
    {
        var decision = PolicyEvaluator.Evaluate(Sign(Data), change(Request));
        Assert.False(decision.Allowed);
        Assert.Null(decision.Grant);
        var failed = Assert.Single(decision.Failures);
        Assert.Equal(clause, failed.Clause);
        Assert.NotEmpty(failed.Words);
    }

    [Fact]
    public void Every_clause_has_words_in_every_outcome()
    {
        foreach (var request in new[] { Request, Request with { Proof = null, Stage = PolicyStage.Offer }, Request with { Proof = Facts with { Accepted = false, HasChip = false, Reference = "" } } })
        {
            foreach (var policy in new OwnerPolicy[] { Data, App, Data with { Output = new OutputRule { Public = true } }, Data with { Output = new OutputRule { AnyRecipient = true } } })
            {
                Assert.All(PolicyEvaluator.Evaluate(Sign(policy), request).Clauses, clause => Assert.NotEmpty(clause.Words));
            }
        }
    }

    [Fact]
    public void An_offer_waits_for_the_evidence_and_a_release_does_not()
    {
        var offer = PolicyEvaluator.Evaluate(Sign(Data), Request with { Stage = PolicyStage.Offer, Proof = null, Draws = 19 });
        Assert.True(offer.Allowed, string.Join("\n", offer.Failures));
        Assert.Null(offer.Grant);
        Assert.Contains(offer.Clauses, clause => clause.Outcome == ClauseOutcome.Later);
        Assert.False(PolicyEvaluator.Evaluate(Sign(Data), Request with { Proof = null }).Allowed);
        Assert.Equal(Clause.Draws, Assert.Single(PolicyEvaluator.Evaluate(Sign(Data), Request with { Stage = PolicyStage.Offer, Proof = null }).Failures).Clause);
    }

    [Fact]
    public void Nothing_said_means_nothing_allowed()
    {
        var bare = new DataPolicy { Title = "x", Owner = Owner.Address, NotBefore = Now.AddDays(-1), NotAfter = Now.AddDays(1), Output = new OutputRule { AnyRecipient = true } };
        var failed = PolicyEvaluator.Evaluate(Sign(bare), Request).Failures.Select(clause => clause.Clause).ToHashSet();
        Assert.Superset(new HashSet<Clause> { Clause.Requester, Clause.Code, Clause.Measurement }, failed);
        Assert.Equal(TrustLevel.Tee, bare.Proof.Level);
        Assert.True(bare.Proof.RequireRevocation);
    }

    [Fact]
    public void Simulated_evidence_must_be_named()
    {
        var simulated = Request with { Proof = Facts with { Kind = EvidenceKind.Simulated, Level = TrustLevel.Simulated } };
        var any = Data with { Proof = Data.Proof with { Level = TrustLevel.Simulated, Kinds = [] } };
        Assert.Equal(Clause.Kind, Assert.Single(PolicyEvaluator.Evaluate(Sign(any), simulated).Failures).Clause);
        var named = Data with { Proof = Data.Proof with { Level = TrustLevel.Simulated, Kinds = [EvidenceKind.Simulated] } };
        Assert.True(PolicyEvaluator.Evaluate(Sign(named), simulated).Allowed);
    }

    [Fact]
    public void Code_of_a_trusted_owner_needs_no_cid()
    {
        var policy = Data with { Code = [], AppOwners = [Identity(9).Address] };
        Assert.Equal(Clause.Code, Assert.Single(PolicyEvaluator.Evaluate(Sign(policy), Request).Failures).Clause);
        Assert.True(PolicyEvaluator.Evaluate(Sign(policy), Request with { CodeOwner = Identity(9).Address }).Allowed);
        Assert.False(PolicyEvaluator.Evaluate(Sign(policy), Request with { CodeOwner = Identity(8).Address }).Allowed);
    }

    [Fact]
    public void Code_that_must_stay_secret_limits_the_output()
    {
        var large = Request with { OutputBytesMax = 5000, PeriodOutputBytes = 0 };
        Assert.Equal(Clause.CodeSecrecy, Assert.Single(PolicyEvaluator.Evaluate(Sign(App), large).Failures).Clause);
        Assert.True(PolicyEvaluator.Evaluate(Sign(App with { OutputMayRevealCode = true }), large).Allowed);
    }

    [Fact]
    public void The_requirement_becomes_the_keepers_appraisal_policy()
    {
        var appraisal = Data.Proof.ToAppraisalPolicy("Blood counts", developmentLedger: false);
        Assert.Equal(TrustLevel.Tee, appraisal.MinimumLevel);
        Assert.Equal([EvidenceKind.SevSnp, EvidenceKind.Tdx], appraisal.Kinds);
        Assert.False(appraisal.DevelopmentLedger);
        Assert.False(appraisal.AnyMeasurement);
        Assert.Single(appraisal.ReferenceValues);
        Assert.Equal(CustodyClass.KnownOperator, appraisal.MinimumCustody);
    }

    /// <summary>A tightened policy never allows what the looser one refused: no clause rewards a stricter word.</summary>
    [Fact]
    public void Tightening_never_allows_more()
    {
        var random = new Random(55);
        for (var i = 0; i < 300; i++)
        {
            var request = Request with
            {
                Uses = random.Next(12),
                PeriodUses = random.Next(5),
                OutputBytesMax = random.Next(6000),
                Verifiers = random.Next(6),
                Proof = Facts with { Level = (TrustLevel)random.Next(4), Custody = (CustodyClass)random.Next(3) },
            };
            var loose = Data with { Pool = null };
            var tight = loose with
            {
                Limits = loose.Limits with { Uses = random.Next(11) },
                Output = loose.Output with { BytesMax = random.Next(4097) },
                Proof = loose.Proof with { Level = (TrustLevel)random.Next(2, 4), VerifiersMin = random.Next(3, 6) },
            };
            if (PolicyEvaluator.Evaluate(Sign(tight), request).Allowed)
            {
                Assert.True(PolicyEvaluator.Evaluate(Sign(loose), request).Allowed);
            }
        }
    }
}
