using Sojourn.Ledger.Ethereum.Market;
using Sojourn.Primitives;
using Sojourn.Protocol;
using Sojourn.Protocol.Accounts;
using Sojourn.Protocol.Ports;
using Sojourn.Protocol.Reasons;
using Sojourn.Protocol.State;
using Sojourn.Protocol.Transactions;
using Sojourn.Protocol.Views;

namespace Sojourn.Ledger.Ethereum.Exchange;

/// <summary>A job as it will stand when everything that was said has been brought: the state machine, run on a copy.</summary>
internal sealed class Preview
{
    private readonly LedgerState _state;
    private readonly ApplyContext _context;
    private readonly ISignatureScheme _signatures;
    private readonly Digest _job;

    private Preview(LedgerState state, in Digest job, ISignatureScheme signatures)
    {
        _state = state;
        _job = job;
        _signatures = signatures;
        _context = new ApplyContext(signatures, new EcVrf());
        OnChain = state.OpenJobs[job];
    }

    /// <summary>The job as the chain has it.</summary>
    public JobState OnChain { get; private set; }

    /// <summary>What was said and is not on the chain, in an order in which the ledger takes it.</summary>
    public List<SignedTransaction> Waiting { get; } = [];

    /// <summary>The chain's height.</summary>
    public ulong Height => _state.Height;

    /// <summary>Whether keys must be released on the ledger before anybody can run the job.</summary>
    public bool IsSealed => OnChain.Terms.Offers.Any(id => _state.Offers[id].Terms.Sealed);

    /// <summary>The job as it will stand.</summary>
    public JobState Ahead => _state.OpenJobs.TryGetValue(_job, out var open) ? open : _context.Closed[^1];

    /// <summary>Runs what was said.</summary>
    /// <param name="copy">The chain's state, for this job.</param>
    /// <param name="job">The job.</param>
    /// <param name="voices">Who said what.</param>
    /// <param name="signatures">Checks enclaves' signatures.</param>
    public static Preview Of(LedgerState copy, in Digest job, IEnumerable<Voice> voices, ISignatureScheme signatures)
    {
        // The untouched copy is what stands on the chain.
        var preview = new Preview(copy.CopyFor(job)!, job, signatures) { OnChain = copy.OpenJobs[job] };
        foreach (var message in voices.SelectMany(voice => voice.Said).OrderBy(message => Voice.PlaceOf(message.Body).Round).ThenBy(message => message.Body.Kind))
        {
            if (preview.Apply(message) == Refusal.None)
            {
                preview.Waiting.Add(message);
            }
        }

        return preview;
    }

    /// <summary>Whether the ledger would take a message after all that was said; it is then said too.</summary>
    /// <param name="author">Whose.</param>
    /// <param name="body">The message.</param>
    public Refusal Try(in Address author, Transaction body) => Apply(SignedTransaction.WithoutSignature(author, 0, body));

    /// <summary>The job as nodes of the round shall see it: ahead of the chain within the round, never beyond it.</summary>
    public JobView View()
    {
        var view = ViewFactory.Job(_state, Ahead);
        if (OnChain.Phase == Ahead.Phase && OnChain.Rounds.Count == Ahead.Rounds.Count)
        {
            return view with { Deadline = OnChain.Deadline };
        }

        var isBeyond = Ahead.Rounds.Count > OnChain.Rounds.Count || Ahead.Phase is not (JobPhase.Attesting or JobPhase.Running or JobPhase.Revealing);
        return view with
        {
            Phase = isBeyond ? JobPhase.Revealing : Ahead.Phase,
            Deadline = OnChain.Deadline,
            Outcome = OnChain.Outcome,
            ClosedAt = 0,
            Escrow = OnChain.Escrow,
            Disputed = OnChain.Disputed,
            Audited = OnChain.Audited,
            AgreedTag = OnChain.Agreed?.Tag,
            AgreedExit = OnChain.Agreed?.Exit,
            Rounds = [.. view.Rounds.Take(OnChain.Rounds.Count)],
        };
    }

    private Refusal Apply(SignedTransaction message)
    {
        if (message.Body is ResultReveal reveal && !IsSignedByEnclave(message.Sender, reveal))
        {
            return Refusal.BadEnclaveSignature;
        }

        return _state.Apply(VerifiedTransaction.AcceptAlreadyVerified(message), _context).Refusal;
    }

    private bool IsSignedByEnclave(in Address author, ResultReveal reveal) =>
        _state.OpenJobs.TryGetValue(reveal.Job, out var job) && reveal.Round < job.Rounds.Count && job.Rounds[reveal.Round].Executor(author)?.Evidence is { } evidence && reveal.EnclaveSignature.Length == 64
        && _signatures.VerifyEnclave(evidence.ReceiptKey.Span, Identifiers.Statement(reveal.Job, reveal.Round, author, reveal.Statement), reveal.EnclaveSignature.Span);
}
