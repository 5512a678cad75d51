using Sojourn.Ledger.Ethereum.Market;
using Sojourn.Primitives;
using Sojourn.Protocol.DropBox;
using Sojourn.Protocol.Ports;
using Sojourn.Protocol.State;
using Sojourn.Protocol.Transactions;

namespace Sojourn.Ledger.Ethereum.Exchange;

/// <summary>The nodes of one round, and what each has said. Not safe for several threads: its job's exchange holds a lock.</summary>
internal sealed class RoundTable
{
    private readonly Dictionary<Address, Voice> _voices;
    private readonly HashSet<Address> _executors;
    private readonly Digest _job;
    private readonly bool _commits;

    /// <summary>Sets the table for a round that is drawn.</summary>
    /// <param name="job">The job.</param>
    /// <param name="round">The round.</param>
    /// <param name="me">The node that sits here itself.</param>
    public RoundTable(Digest job, RoundState round, in Address me)
    {
        _job = job;
        Round = round.Index;
        _commits = round.Commits;
        _executors = [.. round.Executors.Select(seat => seat.Node)];
        _voices = round.Executors.Select(seat => seat.Node).Concat(round.Verifiers.Select(seat => seat.Node)).Distinct().ToDictionary(node => node, node => new Voice(node, job, round.Index));
        Mine = _voices[me];
        // An order that nobody chose.
        var self = Order(me);
        Turn = _voices.Keys.Count(other => Order(other) < self);
    }

    /// <summary>The round.</summary>
    public byte Round { get; }

    /// <summary>What this node said.</summary>
    public Voice Mine { get; }

    /// <summary>This node's turn to bring what was said, from 0.</summary>
    public int Turn { get; }

    /// <summary>All who sit here.</summary>
    public IReadOnlyCollection<Voice> Voices => _voices.Values;

    /// <summary>Whether nothing is exchanged any more: what was said goes to the chain, and so does what follows.</summary>
    public bool IsDirect { get; set; }

    /// <summary>When it was first seen that something is to be done; null while nothing is.</summary>
    public ulong? DueSince { get; set; }

    /// <summary>How often that was tried in vain.</summary>
    public int Failures { get; set; }

    /// <summary>Whether every node has signed over all that it said.</summary>
    public bool IsAllSigned => _voices.Values.All(voice => voice.Bundle is not null);

    /// <summary>What a node signs when it has said everything; null while it has not, or has said something that nobody concludes with.</summary>
    /// <param name="voice">Whose.</param>
    public List<Transaction>? WholeOf(Voice voice)
    {
        if (_executors.Contains(voice.Node))
        {
            return voice.One<EvidencePublish>() is { } evidence && voice.One<ResultReveal>() is { } result
                ? [evidence, .. _commits ? [voice.One<ResultCommit>() ?? RoundBundles.CommitmentOf(result, voice.Node)] : Array.Empty<Transaction>(), result]
                : null;
        }

        var openings = voice.Openings();
        return openings.Openings.Length == _executors.Count && voice.Said.Select(message => message.Body).OfType<VoteCast>().All(cast => cast.Votes.All(vote => vote.Verdict == VoteVerdict.Accept))
            ? [RoundBundles.VotesOf(openings, voice.Node), openings]
            : null;
    }

    /// <summary>The bundles by which the round is concluded.</summary>
    public (List<ExecutorBundle> Executors, List<VerifierBundle> Verifiers) Bundles() => (
        [.. _voices.Values.Where(voice => _executors.Contains(voice.Node)).Select(voice => new ExecutorBundle(voice.Node, voice.One<EvidencePublish>()!, voice.One<ResultReveal>()!, voice.Bundle!.Value))],
        [.. _voices.Values.Where(voice => !_executors.Contains(voice.Node)).Select(voice => new VerifierBundle(voice.Node, voice.Openings(), voice.Bundle!.Value))]);

    /// <summary>Listens once to all others.</summary>
    /// <param name="box">Where they speak.</param>
    /// <param name="domain">The ledger's EIP-712 domain.</param>
    /// <param name="signatures">Checks signatures.</param>
    /// <param name="gate">Held while something is taken down.</param>
    /// <param name="cancellation">Stops.</param>
    /// <returns>Whether anything new was heard.</returns>
    public async Task<bool> ListenAsync(IDropBox box, Digest domain, ISignatureScheme signatures, Lock gate, CancellationToken cancellation)
    {
        var any = false;
        foreach (var voice in _voices.Values.Where(voice => voice != Mine))
        {
            for (var more = true; more && !voice.IsBroken && voice.Bundle is null && voice.Said.Count < DropNames.SaidMax;)
            {
                more = await box.GetAsync(_job, DropNames.Said(Round, voice.Node, voice.Said.Count), cancellation).ConfigureAwait(false) is { Length: > 0 } message && Take(gate, () => voice.Hear(message, domain, signatures));
                any |= more;
            }

            if (!voice.IsBroken && voice.Bundle is null && WholeOf(voice) is { } whole && await box.GetAsync(_job, DropNames.Said(Round, voice.Node, DropNames.SaidMax), cancellation).ConfigureAwait(false) is { Length: > 0 } bundle)
            {
                any |= Take(gate, () => voice.HearBundle(bundle, TypedMessages.BundleDigest(domain, whole), signatures));
            }
        }

        return any;
    }

    private static bool Take(Lock gate, Func<bool> take)
    {
        lock (gate)
        {
            return take();
        }
    }

    private Digest Order(in Address node) => new Protocol.ProtocolHash("sojourn/turn/1").Add(_job).Add(Round).Add(node).Finish();
}
