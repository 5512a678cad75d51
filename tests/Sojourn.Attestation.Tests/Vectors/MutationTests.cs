using System.Text;
using Sojourn.Attestation.Dcap;
using Sojourn.Attestation.SevSnp;
using Sojourn.Attestation.X509;
using Sojourn.Primitives.Cbor;
using Xunit.Abstractions;

namespace Sojourn.Attestation.Tests.VectorCases;

/// <summary>What the vectors' README asks tests to add: flips, truncations, swaps, other times. Everything must be refused, with a named reason.</summary>
public sealed class MutationTests(ITestOutputHelper output)
{
    private const int FlipsPerFixture = 96;

    public static TheoryData<string> Accepted => new(VectorSet.Accepted.Select(item => item.Id));

    public static TheoryData<string> NotAccepted => new(VectorSet.All.Where(item => item.Verdict != "accept" && VectorInputs.Kinds.Contains(item.Kind)).Select(item => item.Id));

    [VectorTheory("attestation/vectors.json")]
    [MemberData(nameof(Accepted))]
    public void SampledBitFlipsAreRefused(string id)
    {
        foreach (var input in VectorInputs.Of(VectorSet.Get(id)))
        {
            var random = new Random(20260301);
            var places = SignedBits(input).ToList();
            for (var i = 0; i < FlipsPerFixture; i++)
            {
                Flip(input, places[random.Next(places.Count)]);
            }
        }
    }

    /// <summary>Every signed bit of every fixture. A slice takes each eighth one: eight slices are the whole.</summary>
    [VectorFact("attestation/vectors.json")]
    [Trait("long", "attestation-flips")]
    public void EveryBitFlipIsRefused()
    {
        if (LongRun.Of("attestation-flips") is not { } run)
        {
            return;
        }

        const int Slices = 8;
        var slice = (int)((run.Seed - 1) % Slices);
        var fixtures = VectorSet.Accepted.SelectMany(VectorInputs.Of).ToList();
        var flips = fixtures.SelectMany(input => SignedBits(input).Select(place => (input, place))).Where((_, i) => i % Slices == slice).ToList();
        Parallel.ForEach(flips, flip => Flip(flip.input, flip.place));
        LongRun.Record(output, "attestation-flips", $"slice={slice + 1}/{Slices} flips={flips.Count} fixtures={fixtures.Count} accepted=0");
    }

    [VectorTheory("attestation/vectors.json")]
    [MemberData(nameof(Accepted))]
    public void TruncationsAreRefused(string id)
    {
        foreach (var input in VectorInputs.Of(VectorSet.Get(id)))
        {
            foreach (var (part, bytes) in input.Evidence.Parts)
            {
                if (part is EvidencePart.EventLog)
                {
                    continue;
                }

                // Zero bytes may follow a TDX quote: cutting those off changes nothing.
                var whole = part == EvidencePart.Report && input.Evidence.Kind is EvidenceKind.Tdx or EvidenceKind.Sgx
                    ? bytes.Length - DcapQuote.TryParse(bytes, new Findings())!.TrailingLength
                    : part == EvidencePart.Report && input.Evidence.Kind is EvidenceKind.AzureSnp ? bytes.Span.TrimEnd((byte)0).Length : bytes.Length;
                var step = Math.Max(1, whole / 200);
                for (var length = 0; length < whole; length = length < 64 || length >= whole - 8 ? length + 1 : Math.Min(length + step, whole - 8))
                {
                    Refused(input with { Evidence = input.Evidence.With(part, bytes[..length]) }, $"{part} cut to {length}");
                }
            }
        }
    }

    [VectorTheory("attestation/vectors.json")]
    [MemberData(nameof(Accepted))]
    public void OtherTimesAreRefused(string id)
    {
        foreach (var input in VectorInputs.Of(VectorSet.Get(id)))
        {
            if (input.Evidence.Kind == EvidenceKind.Tpm && !input.Evidence.Has(EvidencePart.Certificates))
            {
                continue;
            }

            Refused(input with { Now = new DateTimeOffset(2005, 1, 1, 0, 0, 0, TimeSpan.Zero) }, "long before");
            Refused(input with { Now = new DateTimeOffset(2060, 1, 1, 0, 0, 0, TimeSpan.Zero) }, "long after");
            var until = Verifier.Verify(input.Evidence, input.Collateral, input.Now).Quote!.ValidUntil;
            Refused(input with { Now = until.AddSeconds(1) }, "a second after everything held");
        }
    }

    [VectorTheory("attestation/vectors.json")]
    [MemberData(nameof(Accepted))]
    public void OtherReportDataIsRefused(string id)
    {
        foreach (var input in VectorInputs.Of(VectorSet.Get(id)))
        {
            var bytes = input.Expected.Bytes.ToArray();
            bytes[0] ^= 1;
            Refused(input with { Expected = input.Expected.IsChallenge ? ReportData.ForChallenge(bytes) : ReportData.FromDigest(bytes) }, "another expected value");
        }
    }

    [VectorTheory("attestation/vectors.json")]
    [MemberData(nameof(Accepted))]
    public void DroppingAnyEvidencePartOrNeededCollateralIsRefusedByAStrictPolicy(string id)
    {
        foreach (var input in VectorInputs.Of(VectorSet.Get(id)))
        {
            foreach (var part in input.Evidence.Parts.Keys)
            {
                var strict = input.Policy with { RequireEventLog = true, MinimumLevel = input.Policy.MinimumLevel };
                var without = Appraise(input with { Evidence = input.Evidence.Without(part), Policy = strict });
                Assert.False(without.Accepted, $"accepted without {part}");
            }

            Refused(input with { Collateral = Collateral.Empty.WithRoots(TrustStore.Empty), Policy = input.Policy with { DevelopmentLedger = false } }, "no collateral, no roots");
        }
    }

    /// <summary>Leaving something out never makes a refusal an acceptance.</summary>
    [VectorTheory("attestation/vectors.json")]
    [MemberData(nameof(NotAccepted))]
    public void DroppingAnyInputNeverTurnsARefusalIntoAnAcceptance(string id)
    {
        foreach (var given in VectorInputs.Of(VectorSet.Get(id)))
        {
            // With revocation demanded, leaving out a stale list is not the way around it.
            var input = given with { Policy = given.Policy with { RequireRevocation = true } };
            Assert.False(Appraise(input).Accepted);
            foreach (var part in input.Evidence.Parts.Keys)
            {
                Assert.False(Appraise(input with { Evidence = input.Evidence.Without(part) }).Accepted, $"accepted without {part}");
            }

            foreach (var less in input.Collateral.EachWithoutOne())
            {
                Assert.False(Appraise(input with { Collateral = less }).Accepted, "accepted with less collateral");
            }

            Assert.False(Appraise(input with { Collateral = Collateral.Empty }).Accepted, "accepted without collateral");
        }
    }

    [VectorTheory("attestation/vectors.json")]
    [MemberData(nameof(Accepted))]
    public void OtherVectorsLeavesAndChainsAreRefused(string id)
    {
        var item = VectorSet.Get(id);
        if (item.Kind != "snp")
        {
            return;
        }

        var input = VectorInputs.Of(item).First();
        foreach (var other in VectorSet.All.Where(o => o.Kind == "snp"))
        {
            var leaf = other.Read("leaf")!;
            if (!leaf.AsSpan().SequenceEqual(item.Read("leaf")))
            {
                var result = Refused(input with { Evidence = input.Evidence.With(EvidencePart.Certificates, leaf) }, $"the leaf of {other.Id}");
                Assert.True(result.Has(QuoteFault.QuoteSignature));
            }

            var chain = other.Paths("chain")[0];
            if (!item.Paths("chain").Contains(chain))
            {
                Refused(input with { Collateral = Collateral.Empty.AddCertificates(VectorSet.Bytes(chain)) }, $"the chain of {other.Id}");
            }
        }
    }

    [VectorTheory("attestation/vectors.json")]
    [MemberData(nameof(Accepted))]
    public void OneCharacterOfTheSignedJsonIsRefused(string id)
    {
        var item = VectorSet.Get(id);
        var input = VectorInputs.Of(item).First();
        foreach (var kind in (ReadOnlySpan<bool>)[true, false])
        {
            foreach (var document in kind ? input.Collateral.TcbInfos : input.Collateral.QeIdentities)
            {
                var text = Encoding.UTF8.GetString(document.Text.Span);
                foreach (var (from, to) in new[] { ("UpToDate", "UptoDate"), ("\"version\":3", "\"version\": 3"), ("20", "21"), ("OutOfDate", "UpToDate"), ("\"isvsvn\":", "\"isvsvn\":0") })
                {
                    var at = text.IndexOf(from, StringComparison.Ordinal);
                    if (at < 0)
                    {
                        continue;
                    }

                    var changed = Encoding.UTF8.GetBytes(text.Remove(at, from.Length).Insert(at, to));
                    var only = Collateral.Empty.WithRoots(input.Collateral.Roots);
                    foreach (var certificate in input.Collateral.Certificates)
                    {
                        only = only.AddCertificates(certificate.Raw);
                    }

                    foreach (var other in kind ? input.Collateral.QeIdentities : input.Collateral.TcbInfos)
                    {
                        only = kind ? only.AddQeIdentity(other.Text, other.Signature, other.IssuerChain) : only.AddTcbInfo(other.Text, other.Signature, other.IssuerChain);
                    }

                    only = kind ? only.AddTcbInfo(changed, document.Signature, document.IssuerChain) : only.AddQeIdentity(changed, document.Signature, document.IssuerChain);
                    var result = Refused(input with { Collateral = only }, $"{from} made {to}");
                    Assert.True(result.Has(QuoteFault.CollateralSignature) || result.Has(QuoteFault.CollateralMalformed));
                }
            }
        }
    }

    [VectorTheory("attestation/vectors.json")]
    [MemberData(nameof(Accepted))]
    public void ZeroSignaturesAreRefused(string id)
    {
        foreach (var input in VectorInputs.Of(VectorSet.Get(id)))
        {
            var report = input.Evidence[EvidencePart.Report].ToArray();
            switch (input.Evidence.Kind)
            {
                case EvidenceKind.SevSnp:
                    foreach (var at in (ReadOnlySpan<int>)[SnpReport.SignedLength, SnpReport.SignedLength + 72])
                    {
                        var zero = report.ToArray();
                        zero.AsSpan(at, 72).Clear();
                        Assert.True(Refused(input with { Evidence = input.Evidence.With(EvidencePart.Report, zero) }, "r or s is zero").Has(QuoteFault.QuoteSignature));
                    }

                    break;
                case EvidenceKind.Tdx or EvidenceKind.Sgx:
                    var start = DcapQuote.TryParse(report, new Findings())!.Signed.Length + 4;
                    foreach (var at in (ReadOnlySpan<int>)[start, start + 32])
                    {
                        var zero = report.ToArray();
                        zero.AsSpan(at, 32).Clear();
                        Assert.True(Refused(input with { Evidence = input.Evidence.With(EvidencePart.Report, zero) }, "r or s is zero").Has(QuoteFault.QuoteSignature));
                    }

                    break;
                case EvidenceKind.Nitro:
                    report.AsSpan(report.Length - 48).Clear();
                    Assert.True(Refused(input with { Evidence = input.Evidence.With(EvidencePart.Report, report) }, "s is zero").Has(QuoteFault.QuoteSignature));
                    break;
                default:
                    break;
            }
        }
    }

    [VectorTheory("attestation/vectors.json")]
    [MemberData(nameof(Accepted))]
    public void DuplicateMembersOfANitroDocumentAreRefused(string id)
    {
        var item = VectorSet.Get(id);
        if (item.Kind != "nitro")
        {
            return;
        }

        var input = VectorInputs.Of(item).First();
        var document = Sojourn.Attestation.Nitro.NitroDocument.TryParse(input.Evidence[EvidencePart.Report].Span, new Findings())!;
        // The payload again, as a map of one more entry that repeats a key.
        var payload = document.Payload;
        var body = payload[0] == 0xBF ? payload[1..^1] : payload[1..];
        byte[] doubled = [0xBF, .. body, .. new CborWriter().WriteText("digest").ToArray(), .. new CborWriter().WriteText("SHA384").ToArray(), 0xFF];
        var message = new CborWriter().BeginArray().WriteBytes(document.Protected).BeginMap().EndMap().WriteBytes(doubled).WriteBytes(document.Signature).EndArray().ToArray();
        Assert.True(Refused(input with { Evidence = new Evidence(EvidenceKind.Nitro, message) }, "a doubled member").Has(QuoteFault.Malformed));

        var unprotected = new CborWriter().BeginArray().WriteBytes(document.Protected).BeginMap().WriteKey(99).WriteText("hidden").EndMap().WriteBytes(payload).WriteBytes(document.Signature).EndArray().ToArray();
        Assert.True(Refused(input with { Evidence = new Evidence(EvidenceKind.Nitro, unprotected) }, "an unprotected header").Has(QuoteFault.ReservedNotZero));
    }

    private static IEnumerable<(EvidencePart Part, int Bit)> SignedBits(VectorInput input)
    {
        foreach (var (part, bytes) in input.Evidence.Parts)
        {
            var ranges = (part, input.Evidence.Kind) switch
            {
                (EvidencePart.Report, EvidenceKind.Tdx or EvidenceKind.Sgx) => QuoteRanges(bytes),
                (EvidencePart.Report, EvidenceKind.AzureSnp) => [(32, 32 + 1184), (32 + 1184 + 20, bytes.Span.TrimEnd((byte)0).Length)],
                // The leaf only: what follows it is found by key, and a damaged issuer is simply not the issuer.
                (EvidencePart.Certificates, _) => [(0, Certificate.TryParse(bytes, out var length) is null ? 0 : length)],
                (EvidencePart.Report or EvidencePart.TpmQuote or EvidencePart.TpmSignature or EvidencePart.PcrValues, _) => [(0, bytes.Length)],
                _ => Array.Empty<(int, int)>(),
            };
            foreach (var (from, to) in ranges)
            {
                for (var bit = from * 8; bit < to * 8; bit++)
                {
                    yield return (part, bit);
                }
            }
        }
    }

    /// <summary>Everything but the PEM text, whose white space no signature covers.</summary>
    private static (int From, int To)[] QuoteRanges(ReadOnlyMemory<byte> bytes)
    {
        var quote = DcapQuote.TryParse(bytes, new Findings())!;
        var whole = bytes.Length - quote.TrailingLength;
        return [(0, whole - quote.CertificationData.Length), (whole, bytes.Length)];
    }

    private static void Flip(VectorInput input, (EvidencePart Part, int Bit) place)
    {
        var bytes = input.Evidence[place.Part].ToArray();
        bytes[place.Bit / 8] ^= (byte)(1 << (place.Bit % 8));
        Refused(input with { Evidence = input.Evidence.With(place.Part, bytes) }, $"bit {place.Bit} of {place.Part}");
    }

    private static AttestationResult Refused(VectorInput input, string what)
    {
        var result = Appraise(input);
        Assert.False(result.Accepted, $"accepted: {what}");
        Assert.NotEmpty(result.Reasons);
        return result;
    }

    private static AttestationResult Appraise(VectorInput input) =>
        Appraiser.Appraise(Verifier.Verify(input.Evidence, input.Collateral, input.Now), input.Evidence, input.Policy, input.Expected, input.Now);
}
