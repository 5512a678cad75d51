using System.Collections.Immutable;
using System.Globalization;
using Sojourn.Attestation;
using Sojourn.Primitives;

namespace Sojourn.Protocol.Policies;

/// <summary>What a network puts behind its committees, for the cost of breaking a policy.</summary>
/// <param name="Committee">Verifiers in a committee.</param>
/// <param name="StakePerVerifier">What each loses when it is caught.</param>
/// <param name="ExecutorDeposit">What an executor loses for a wrong answer.</param>
public sealed record MarketFacts(int Committee, Amount StakePerVerifier, Amount ExecutorDeposit)
{
    /// <summary>⌊2n/3⌋ + 1: how many must accept.</summary>
    public int Quorum => (2 * Committee / 3) + 1;
}

/// <summary>A paragraph of an explanation.</summary>
/// <param name="Heading">A few words.</param>
/// <param name="Lines">Whole sentences.</param>
public sealed record ExplainedPart(string Heading, ImmutableArray<string> Lines);

/// <summary>Says in plain English what a policy allows and what it costs to break it.</summary>
public static class PolicyExplainer
{
    /// <summary>Explains a policy.</summary>
    /// <param name="policy">A policy without faults.</param>
    /// <param name="market">The network's figures, where known.</param>
    public static ImmutableArray<ExplainedPart> Explain(OwnerPolicy policy, MarketFacts? market = null)
    {
        ArgumentNullException.ThrowIfNull(policy);
        var parts = ImmutableArray.CreateBuilder<ExplainedPart>();
        parts.Add(new("Who and when", [.. Who(policy)]));
        if (policy is DataPolicy data)
        {
            parts.Add(new("Which code", [.. Code(data)]));
            parts.Add(new("What may come out", [.. Output(data)]));
            if (data.Pool is { } pool)
            {
                parts.Add(new("Whose data it is", [.. Pool(pool)]));
            }
        }
        else if (policy is AppPolicy app)
        {
            parts.Add(new("Which code", [app.Code.IsEmpty
                ? "The policy answers for no module: data owners who trust this owner (AppOwners) let none of its modules see their data. List the modules' bodies, which 'sojourn seal' prints."
                : Text($"The owner answers for these sealed modules (bodies): {string.Join(", ", app.Code)}. Data owners who trust the owner let them, and nothing else sealed under this policy, see their data."),
                "The code may be run and linked, and not handed to other code as data."]));
            parts.Add(new("What may come out", [app.OutputMayRevealCode
                ? "The output may let its reader infer the code."
                : Text($"The output must not reveal the code: a run may make at most {app.GuardedOutputBytesMax} bytes.")]));
        }

        parts.Add(new("What the machine must prove", [.. Proof(policy.Proof)]));
        parts.Add(new("How often, and for how much", [.. Terms(policy)]));
        parts.Add(new("What it costs to break it", [.. Breaking(policy, market)]));
        return parts.ToImmutable();
    }

    private static IEnumerable<string> Who(OwnerPolicy policy)
    {
        yield return Text($"'{policy.Title}' belongs to {policy.Owner}, revision {policy.Revision}.");
        yield return Text($"It is in force from {policy.NotBefore:yyyy-MM-dd HH:mm} to {policy.NotAfter:yyyy-MM-dd HH:mm} UTC, unless the owner revokes it on the ledger before.");
        yield return policy.AnyRequester ? "Anybody may ask for a run."
            : policy.Requesters.IsEmpty ? "Nobody may ask for a run: no account is named. Name accounts, or let anybody ask."
            : Text($"Only these accounts may ask for a run: {string.Join(", ", policy.Requesters)}.");
    }

    private static IEnumerable<string> Code(DataPolicy policy)
    {
        if (policy.Code.IsEmpty && policy.AppOwners.IsEmpty)
        {
            yield return "No code may see the data: name modules by CID, or owners whose modules you trust.";
            yield break;
        }

        if (!policy.Code.IsEmpty)
        {
            yield return Text($"Exactly these modules may see the data: {string.Join(", ", policy.Code)}. A changed module has another CID and is refused; libraries that a job links count as modules.");
        }

        if (!policy.AppOwners.IsEmpty)
        {
            yield return Text($"Any sealed module that a signed policy of these owners lists may see the data, also ones they write later: {string.Join(", ", policy.AppOwners)}.");
        }
    }

    private static IEnumerable<string> Output(DataPolicy policy)
    {
        var output = policy.Output;
        yield return Text($"A run may put out at most {output.BytesMax} bytes.");
        yield return output.Public ? "The output may be public."
            : output.AnyRecipient ? "The output is sealed to whomever the requester names."
            : Text($"The output is sealed to {output.Recipients.Length} key(s) that you named, and to nobody else.");
        if (output.Guards.IsEmpty)
        {
            yield return "No guard looks at the output: within the size limit the code decides what comes out.";
        }
        else
        {
            yield return Text($"{output.Guards.Length} guard(s) look at the output inside the enclave; each may refuse it or strike ranges out, and none can add anything.");
        }
    }

    private static IEnumerable<string> Pool(PoolRule pool)
    {
        yield return Text($"The data belong to {pool.Members.Length} members; each sealed its own records under a key of its own.");
        yield return Text($"A run must use the records of at least {pool.MembersMin} members whose consent stands. Members who have not consented are left out.");
        yield return "Each of them is paid the price for its own records.";
        yield return "A member who withdraws has its key dropped: its records can then be opened by nobody, and what was published of them is noise.";
    }

    private static IEnumerable<string> Proof(ProofRequirement proof)
    {
        yield return proof.Level switch
        {
            TrustLevel.Simulated => "Nothing: simulated evidence will do. That is for development ledgers only; no other ledger takes it.",
            TrustLevel.Tpm => "What it booted and ran, by its TPM. That does not hide memory from the machine's operator.",
            TrustLevel.Tee => "That the enclave runs in memory hidden from the operator's software, and what was launched in it.",
            _ => "That the enclave runs in memory hidden from the operator's software, and what the machine booted, each vouching for the other.",
        };
        yield return proof.Kinds.IsEmpty ? "Any real hardware of that level will do."
            : Text($"Evidence of these kinds will do: {string.Join(", ", proof.Kinds.Select(ProofRequirement.NameOf))}.");
        yield return proof.Custody switch
        {
            CustodyClass.Unknown => "Nobody has to vouch for the place where the machine stands.",
            CustodyClass.KnownOperator => "A named operator must answer for the machine.",
            _ => "A data centre that an endorser vouches for must hold the machine.",
        };
        yield return proof.AnyMeasurement ? "Any measured state will do: then nothing says that the software in the enclave is Sojourn's."
            : proof.Measurements.IsEmpty ? "No measured state is named, so every machine is refused. Name the releases you trust."
            : Text($"One of these measured states must hold: {string.Join(", ", proof.Measurements.Select(set => set.Name))}.");
        yield return Text($"The platform's status must be {string.Join(" or ", proof.TcbStatuses)}, and {(proof.RequireRevocation ? "revocation lists must have been checked" : "revocation lists need not have been checked")}.");
        yield return Text($"At least {proof.VerifiersMin} verifier(s) must have accepted the evidence; your keeper checks it once more itself.");
        if (!proof.Regions.IsEmpty)
        {
            yield return Text($"The machine must be in {string.Join(" or ", proof.Regions)}. A region is the operator's word: no hardware proves it.");
        }
    }

    private static IEnumerable<string> Terms(OwnerPolicy policy)
    {
        var limits = policy.Limits;
        yield return limits.Uses is { } uses ? Text($"At most {uses} use(s) in all.") : "Any number of uses.";
        if (limits.Draws is { } draws)
        {
            yield return Text($"At most {draws} draw(s) of executors, so that nobody can post again and again until a machine it likes is drawn.");
        }

        if (limits.Period is { } period)
        {
            if (limits.PeriodUses is { } periodUses)
            {
                yield return Text($"At most {periodUses} use(s) in any {ClauseWords.Span(period)}.");
            }

            if (limits.PeriodOutputBytes is { } bytes)
            {
                yield return Text($"At most {bytes} bytes of output in any {ClauseWords.Span(period)}, over all runs.");
            }
        }

        yield return policy.Price.PerUse.IsZero ? "A use costs nothing." : Text($"A use costs {policy.Price.PerUse} (smallest units).");
        foreach (var share in policy.Price.Shares)
        {
            yield return Text($"{share.To} gets {share.Parts} of {policy.Price.PartsTotal} parts.");
        }
    }

    private static IEnumerable<string> Breaking(OwnerPolicy policy, MarketFacts? market)
    {
        yield return policy.Proof.Level switch
        {
            TrustLevel.Simulated => "To read the content: nothing. Any operator that is drawn can read it.",
            TrustLevel.Tpm => "To read the content: an operator that is drawn needs only to read its own machine's memory, with tools that cost nothing. The TPM does not prevent that.",
            _ when policy.Proof.Custody == CustodyClass.EndorsedDataCentre => "To read the content: a fault in the processor's isolation or in the enclave's software, or an insider with hands on the hardware in an endorsed data centre. Published attacks of that kind use an interposer on the memory bus, of about a thousand dollars or less.",
            _ => "To read the content: a fault in the processor's isolation or in the enclave's software, or an operator who opens its own machine. Published attacks of that kind use an interposer on the memory bus, of about a thousand dollars or less. Ask for a custody class to shut unknown operators out.",
        };
        if (market is { Committee: > 0 })
        {
            var risk = market.StakePerVerifier * (ulong)market.Quorum;
            yield return Text($"To have false evidence admitted: {market.Quorum} of {market.Committee} drawn verifiers must collude and put {risk} at risk. Your keeper would still refuse: it checks the evidence itself.");
            yield return Text($"To pass off a wrong result: an executor puts its deposit of {market.ExecutorDeposit} at risk each time somebody checks.");
        }
        else
        {
            yield return "To have false evidence admitted: two thirds of the drawn verifiers must collude. Your keeper would still refuse: it checks the evidence itself.";
        }

        if (policy is DataPolicy data)
        {
            yield return data.Limits.Uses is { } uses
                ? Text($"What allowed code could carry out over time: at most {Product(uses, data.Output.BytesMax)} bytes, that is {uses} use(s) of {data.Output.BytesMax} bytes. Time, fuel and the size of the output tell a little more.")
                : Text($"What allowed code could carry out over time: {data.Output.BytesMax} bytes a use, with no limit on uses. Time, fuel and the size of the output tell a little more.");
        }

        yield return "What no policy prevents: whoever legitimately reads an output can pass it on.";
    }

    private static string Product(long a, long b) => ((UInt128)a * (UInt128)b).ToString(CultureInfo.InvariantCulture);

    private static string Text(FormattableString text) => FormattableString.Invariant(text);
}
