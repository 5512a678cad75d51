using System.Collections.Immutable;
using Sojourn.Attestation;
using Sojourn.Cryptography.Sealing;
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
        var app = PolicyEvaluator.Evaluate(Sign(App), Request with { Role = ContentRoles.Program });
        Assert.True(app.Allowed, string.Join("\n", app.Failures));
    }

    public static TheoryData<Clause, Func<PolicyRequest, PolicyRequest>> OneThingWrong => new()
    {
        { Clause.Validity, r => r with { Now = Now.AddDays(-2) } },
        { Clause.Validity, r => r with { Now = Now.AddDays(1) } },
        { Clause.Revocation, r => r with { Revoked = true } },
        { Clause.Revocation, r => r with { Revoked = null } },
        { Clause.Requester, r => r with { Requester = Owner.Address } },
        { Clause.Code, r => r with { Code = Guard } },
        { Clause.Code, r => r with { Role = ContentRoles.None } },
        { Clause.Code, r => r with { Role = ContentRoles.Library } },
        { Clause.Code, r => r with { Libraries = [new LinkedModule(Guard, null)] } },
        { Clause.Code, r => r with { Libraries = [new LinkedModule(Code, null), new LinkedModule(Guard, Owner.Address)] } },
        { Clause.Level, r => r with { Proof = Facts with { Level = TrustLevel.Tpm } } },
        { Clause.Kind, r => r with { Proof = Facts with { Kind = EvidenceKind.Sgx } } },
        { Clause.Kind, r => r with { Proof = Facts with { Kind = EvidenceKind.Simulated } } },
        { Clause.Custody, r => r with { Proof = Facts with { Custody = CustodyClass.Unknown } } },
        { Clause.Tcb, r => r with { Proof = Facts with { Tcb = TcbStatus.OutOfDate } } },
        { Clause.Measurement, r => r with { Proof = Facts with { Reference = "" } } },
        { Clause.Measurement, r => r with { Proof = Facts with { Reference = "release-2" } } },
        { Clause.Chip, r => r with { Proof = Facts with { HasChip = false } } },
        { Clause.Evidence, r => r with { Proof = Facts with { Accepted = false, Against = "too old" } } },
        { Clause.Region, r => r with { Regions = ["us", "north-america"] } },
        { Clause.Region, r => r with { Regions = [] } },
        { Clause.Region, r => r with { Regions = null } },
        { Clause.Verifiers, r => r with { Verifiers = 2 } },
        { Clause.Uses, r => r with { Uses = 10 } },
        { Clause.Uses, r => r with { Uses = null } },
        { Clause.Draws, r => r with { Draws = 21 } },
        { Clause.Draws, r => r with { Draws = null } },
        { Clause.PeriodUses, r => r with { PeriodUses = 3 } },
        { Clause.PeriodUses, r => r with { PeriodUses = null } },
        { Clause.PeriodOutput, r => r with { PeriodOutputBytes = 6001 } },
        { Clause.PeriodOutput, r => r with { PeriodOutputBytes = null } },
        { Clause.OutputSize, r => r with { OutputBytesMax = 4097, PeriodOutputBytes = 0 } },
        { Clause.OutputRecipients, r => r with { OutputRecipients = [] } },
        { Clause.OutputRecipients, r => r with { OutputRecipients = [Reader, new byte[65]] } },
        { Clause.Guards, r => r with { Guards = [] } },
        { Clause.Price, r => r with { Paid = ImmutableDictionary<Address, Amount>.Empty } },
        { Clause.Price, r => r with { Paid = null } },
        { Clause.Price, r => r with { Paid = ImmutableDictionary<Address, Amount>.Empty.Add(Identity(5).Address, Amount.Max).Add(Owner.Address, Amount.Max) } },

        // A second consent that is not a member's, one whose records the job does not use, and records whose member has not consented.
        { Clause.Consent, r => r with { Consents = new Dictionary<Address, Cid> { [Identity(3).Address] = Records, [Owner.Address] = OtherRecords } } },
        { Clause.Consent, r => r with { JobContents = [Code, Records] } },
        { Clause.Consent, r => r with { Consents = new Dictionary<Address, Cid> { [Identity(3).Address] = Records, [Identity(5).Address] = Records } } },
        { Clause.Consent, r => r with { Consents = new Dictionary<Address, Cid> { [Identity(3).Address] = Records, [Identity(4).Address] = Guard } } },
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
        foreach (var request in new[] { Request, Request with { Proof = null, Stage = PolicyStage.Offer }, new PolicyRequest { Stage = PolicyStage.Release, Now = Now, Requester = Requester, Code = Code, Proof = Facts }, Request with { Proof = Facts with { Accepted = false, HasChip = false, Reference = "" } } })
        {
            foreach (var policy in new OwnerPolicy[] { Data, Alone, App, Data with { Output = new OutputRule { Public = true } }, Data with { Output = new OutputRule { AnyRecipient = true } } })
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
        var linked = Request with { CodeOwner = Identity(9).Address, Libraries = [new LinkedModule(Guard, Identity(9).Address)] };
        Assert.True(PolicyEvaluator.Evaluate(Sign(policy), linked).Allowed);
        Assert.False(PolicyEvaluator.Evaluate(Sign(policy), linked with { Libraries = [.. linked.Libraries, new LinkedModule(Guard, null)] }).Allowed);
        Assert.Equal(Clause.Code, Assert.Single(PolicyEvaluator.Evaluate(Sign(policy), Request).Failures).Clause);
        Assert.True(PolicyEvaluator.Evaluate(Sign(policy), Request with { CodeOwner = Identity(9).Address }).Allowed);
        Assert.False(PolicyEvaluator.Evaluate(Sign(policy), Request with { CodeOwner = Identity(8).Address }).Allowed);
    }

    [Fact]
    public void Code_that_must_stay_secret_limits_the_output()
    {
        var large = Request with { OutputBytesMax = 5000, PeriodOutputBytes = 0, Role = ContentRoles.Program };
        Assert.Equal(Clause.CodeSecrecy, Assert.Single(PolicyEvaluator.Evaluate(Sign(App), large).Failures).Clause);
        Assert.True(PolicyEvaluator.Evaluate(Sign(App with { OutputMayRevealCode = true }), large).Allowed);
    }

    [Fact]
    public void Code_is_run_and_never_handed_over_as_data()
    {
        Assert.True(PolicyEvaluator.Evaluate(Sign(App), Request with { Role = ContentRoles.Library | ContentRoles.Program }).Allowed);
        foreach (var role in new[] { ContentRoles.None, ContentRoles.Input, ContentRoles.Input | ContentRoles.Program })
        {
            var failed = Assert.Single(PolicyEvaluator.Evaluate(Sign(App), Request with { Role = role }).Failures);
            Assert.Equal(Clause.Code, failed.Clause);
            Assert.NotEmpty(failed.Words);
        }
    }

    [Fact]
    public void Everybody_with_a_share_in_the_price_must_get_it()
    {
        var price = Alone.Price.PerUse;
        PolicyDecision With(Amount owner, Amount other) => PolicyEvaluator.Evaluate(Sign(Alone), Request with
        {
            Paid = ImmutableDictionary<Address, Amount>.Empty.Add(Owner.Address, owner).Add(Requester, other),
        });
        Assert.True(With(price.Share(2, 3), price.Share(1, 3)).Allowed);
        Assert.Equal(Clause.Price, Assert.Single(With(price, Amount.Zero).Failures).Clause);
        Assert.Equal(Clause.Price, Assert.Single(With(price.Share(2, 3) - 1, price).Failures).Clause);
    }

    [Fact]
    public void What_nobody_found_out_waits_at_an_offer_and_is_refused_at_a_release()
    {
        var bare = new PolicyRequest { Stage = PolicyStage.Offer, Now = Now, Requester = Requester, Code = Code, Content = Records, Role = ContentRoles.Input, OutputBytesMax = 4000, OutputRecipients = [Reader], Guards = [Guard] };
        var offer = PolicyEvaluator.Evaluate(Sign(Data), bare);
        Assert.True(offer.Allowed, string.Join("\n", offer.Failures));
        var release = PolicyEvaluator.Evaluate(Sign(Data), bare with { Stage = PolicyStage.Release, Proof = Facts, Verifiers = 3 });
        Assert.Superset(
            new HashSet<Clause> { Clause.Revocation, Clause.Region, Clause.Uses, Clause.Draws, Clause.PeriodUses, Clause.PeriodOutput, Clause.Price, Clause.Consent },
            release.Failures.Select(clause => clause.Clause).ToHashSet());
    }

    [Fact]
    public void Only_a_policy_that_lists_the_module_makes_its_owner_answer_for_it()
    {
        using var key = Sojourn.Cryptography.HybridEncryption.HpkePrivateKey.Generate();
        SealedHeader Module(ReadOnlySpan<byte> text, Cid? policy)
        {
            using var sealer = new ContentSealer(new SealingOptions { Recipients = [key.Public], Policy = policy });
            using var body = new MemoryStream();
            sealer.SealFile(new MemoryStream(text.ToArray())).CopyTo(body);
            return sealer.Finish(Cid.ForRaw(body.ToArray()));
        }

        var first = Module("mine"u8, null);
        var policy = Sign(App with { Code = [first.Body] });
        using var sealer = new ContentSealer(new SealingOptions { Recipients = [key.Public] });
        sealer.SealFile(new MemoryStream("mine"u8.ToArray())).CopyTo(Stream.Null);
        using var content = sealer.ExportContentKey();
        Assert.Equal(SealedFault.None, sealer.Finish(first.Body).TryRewrap(content, [key.Public], policy.Cid, false, out var named));
        Assert.Equal(Owner.Address, AppPolicy.OwnerOf(named, policy));

        // Other code under the true policy; the true code under no policy, under another policy, under a stranger's that lists it.
        Assert.Null(AppPolicy.OwnerOf(Module("another's"u8, policy.Cid), policy));
        Assert.Null(AppPolicy.OwnerOf(first, policy));
        Assert.Null(AppPolicy.OwnerOf(named, Sign(App)));
        Assert.Null(AppPolicy.OwnerOf(named, null));
        var stranger = SignedPolicy.Sign(App with { Owner = Identity(8).Address, Code = [first.Body] }, Identity(8));
        Assert.Null(AppPolicy.OwnerOf(named, stranger));
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
            var loose = Data with { Pool = null, Price = new PriceRule() };
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
