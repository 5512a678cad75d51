using Sojourn.Ledger.Embedded.Sequencing;

namespace Sojourn.Ledger.Tests.Sequencing;

/// <summary>Sequencers on a virtual clock and a network that loses, delays and divides: the rules of <see cref="Election"/> and <see cref="Confirmations"/> as they run, with a list of entries in place of the chain. One seed is one run.</summary>
internal sealed class ElectionModel
{
    private const double Patience = 1000;
    private readonly Random _random;
    private readonly PriorityQueue<Action, (double At, long Order)> _events = new();
    private readonly Node[] _nodes;
    private readonly Dictionary<int, Entry> _acknowledged = [];
    private readonly HashSet<ulong> _led = [];
    private readonly bool[,] _cut;
    private readonly ReadingRule _rule;
    private int _told;
    private long _order;
    private int _payloads;
    private double _now;
    private double _lossPercent;
    private double _delayMax = 100;
    private int _quiet = -1;

    public ElectionModel(ulong seed, int count, ReadingRule rule = ReadingRule.AsBuilt)
    {
        _rule = rule;
        _random = new Random((int)(seed % int.MaxValue));
        _cut = new bool[count, count];
        _nodes = [.. Enumerable.Range(0, count).Select(i => new Node { Index = i, Rate = 0.9 + (_random.NextDouble() * 0.2), Offset = _random.NextDouble() * 1e6 })];
        foreach (var node in _nodes)
        {
            Start(node);
        }
    }

    /// <summary>One block of the model's chain; its hash covers all before it.</summary>
    private readonly record struct Entry(ulong Term, int Payload, ulong Hash);

    public int Acknowledged => _acknowledged.Count;

    public int Leaderships => _led.Count;

    /// <summary>Readers who were answered.</summary>
    public int Answered { get; private set; }

    /// <summary>Trouble for a while, then a whole majority: what is acknowledged stays, and something new is acknowledged soon.</summary>
    /// <returns>After how many patience periods of a whole majority a new block was acknowledged, and after how many every member of it held the whole chain.</returns>
    public (double Progress, double Caught) Run()
    {
        _lossPercent = _random.Next(30);
        // To one of them hardly anybody writes: as a leader that was put away it is slow to notice.
        _quiet = _random.Next(-1, _nodes.Length);
        Trouble();
        Readers();
        Advance(Patience * (10 + _random.Next(60)));

        // A majority can talk from here on; of the others some stay dead, some cut off, some come back.
        _lossPercent = 0;
        _delayMax = Patience / 10;
        _quiet = -1;
        var order = Enumerable.Range(0, _nodes.Length).OrderBy(_ => _random.Next()).ToArray();
        var whole = order.Take((_nodes.Length / 2) + 1 + _random.Next((_nodes.Length - 1) / 2 + 1)).ToHashSet();
        _troubled = false;
        foreach (var a in _nodes)
        {
            foreach (var b in _nodes)
            {
                _cut[a.Index, b.Index] = !(whole.Contains(a.Index) && whole.Contains(b.Index));
            }

            if (whole.Contains(a.Index) && !a.Up)
            {
                Start(a);
            }
            else if (!whole.Contains(a.Index) && _random.Next(2) == 0)
            {
                Stop(a);
            }
        }

        var (healed, before) = (_now, _acknowledged.Count);
        while (_acknowledged.Count == before)
        {
            Demand(_now - healed < 60 * Patience, "Nothing is acknowledged although a majority can talk.");
            Advance(Patience / 4);
        }

        var progress = (_now - healed) / Patience;
        while (!_acknowledged.Keys.All(number => whole.All(i => _nodes[i].Log.Count >= number && _nodes[i].Log[number - 1] == _acknowledged[number]) || number > before))
        {
            Demand(_now - healed < 90 * Patience, "A replica that can talk never comes to hold the chain.");
            Advance(Patience / 4);
        }

        var caught = (_now - healed) / Patience;
        foreach (var node in whole.Select(i => _nodes[i]))
        {
            var (since, answered) = (_now, false);
            void Again() => Read(node, known =>
            {
                answered |= known;
                if (!known)
                {
                    Again();
                }
            });
            Again();
            while (!answered)
            {
                Demand(_now - since < 60 * Patience, "A reader is never answered although a majority can talk.");
                Advance(Patience / 4);
            }
        }

        return (progress, caught);
    }

    private void Readers() => After(_random.NextDouble() * Patience / 2, () =>
    {
        var node = _nodes[_random.Next(_nodes.Length)];
        if (node.Up)
        {
            Read(node, static _ => { });
        }

        Readers();
    });

    // The rules of Cluster.PresentAsync and TellIndexAsync: nobody is told less than anybody was told before he asked.
    private void Read(Node node, Action<bool> then)
    {
        var (life, moment, told, began) = (node.Life, Clock(node), _told, _now);
        if (!node.Up)
        {
            After(Patience / 8, () => then(false));
            return;
        }

        if (_rule == ReadingRule.WhatItHolds)
        {
            var held = node.Log.Count;
            Await(held, () => Demand(held >= told, "A reader was told something older than others before him."));
            return;
        }

        Try();

        void Later(Action action) => After(Patience / 16, () =>
        {
            if (!node.Up || node.Life != life || _now - began > 2 * Patience)
            {
                then(false);
            }
            else
            {
                action();
            }
        });

        void Await(int number, Action check)
        {
            if (node.Settled < number)
            {
                Later(() => Await(number, check));
                return;
            }

            check();
            Answered++;
            then(true);
        }

        void Try()
        {
            if (Index(node, moment) is { } own)
            {
                Tell(own);
            }
            else if (node.Election is { Leads: false, Leader: { } leader } && leader != node.Index)
            {
                Ask<(bool Known, int Number)>(node, _nodes[leader], Patience, () => Index(_nodes[leader], Clock(_nodes[leader])) is { } number ? (true, number) : default, reply =>
                {
                    if (reply is { Known: true } said)
                    {
                        Later(() => Tell(said.Number));
                    }
                    else
                    {
                        Later(Try);
                    }
                });
            }
            else
            {
                Later(Try);
            }
        }

        void Tell(int number) => Await(number, () => Demand(node.Settled >= told, "A reader was told something older than others before him."));
    }

    private static int? Index(Node node, TimeSpan moment) => node.Election.Led(moment) && (ulong)node.Settled >= node.Confirmed.First ? node.Settled : null;

    private bool Owes(Node node) => (ulong)node.Log.Count < node.Confirmed.First || (_rule != ReadingRule.RefusesAtOnce && node.Log.Count > node.Settled);

    // A batch of which nothing is applied makes no block: what refused it must be the present all the same.
    private void Refuse(Node node, int life, TimeSpan moment, int told, int held, ulong term)
    {
        if (!node.Election.Leads || node.Election.Term != term)
        {
            Write(node, life);
        }
        else if (_rule == ReadingRule.RefusesAtOnce || node.Election.Led(moment))
        {
            Demand(held >= told, "A transaction was refused out of a state older than others were told of before.");
            Demand(node.Settled >= held, "A transaction was refused out of a state that may still be lost.");
            Write(node, life);
        }
        else
        {
            Own(node, life, Patience / 16, () => Refuse(node, life, moment, told, held, term));
        }
    }

    private bool _troubled = true;

    // Restarts and partitions, one way or both, from time to time.
    private void Trouble()
    {
        if (!_troubled)
        {
            return;
        }

        After(_random.NextDouble() * 4 * Patience, Trouble);
        var node = _nodes[_random.Next(_nodes.Length)];
        switch (_random.Next(6))
        {
            case 0 when node.Up:
                Stop(node);
                After(_random.NextDouble() * 6 * Patience, () =>
                {
                    if (!node.Up && _troubled)
                    {
                        Start(node);
                    }
                });
                break;
            case 1:
                for (var i = 0; i < _nodes.Length; i++)
                {
                    _cut[node.Index, i] = _cut[i, node.Index] = i != node.Index;
                }

                break;
            case 2:
                _cut[node.Index, _random.Next(_nodes.Length)] ^= true;
                break;
            case 3:
                _delayMax = _random.Next(4) == 0 ? 3 * Patience : 20 + _random.Next((int)Patience);
                break;
            default:
                Array.Clear(_cut);
                break;
        }
    }

    private void Start(Node node)
    {
        node.Up = true;
        node.Life++;
        node.Settled = 0;
        node.Waiting = 0;
        node.Election = new Election(node.Index, _nodes.Length, TimeSpan.FromMilliseconds(Patience), node.Promised, term =>
        {
            Demand(term > node.Promised, "A promise was taken back.");
            node.Promised = term;
        }, Clock(node));
        node.Confirmed = new Confirmations(_nodes.Length);
        Tick(node, node.Life);
        Write(node, node.Life);
    }

    private void Stop(Node node) => (node.Up, node.Life) = (false, node.Life + 1);

    private TimeSpan Clock(Node node) => TimeSpan.FromMilliseconds(node.Offset + (_now * node.Rate));

    private void After(double delay, Action action) => _events.Enqueue(action, (_now + delay, _order++));

    private void Own(Node node, int life, double delay, Action action) => After(delay, () =>
    {
        if (node.Up && node.Life == life)
        {
            action();
        }
    });

    private void Advance(double by)
    {
        var until = _now + by;
        while (_events.TryPeek(out _, out var key) && key.At <= until)
        {
            _now = key.At;
            _events.Dequeue()();
        }

        _now = until;
    }

    private void Send(Node from, Node to, Action arrive)
    {
        if (_cut[from.Index, to.Index] || _random.NextDouble() * 100 < _lossPercent)
        {
            return;
        }

        After(1 + (_random.NextDouble() * _delayMax), () =>
        {
            if (!_cut[from.Index, to.Index])
            {
                arrive();
            }
        });
    }

    // A question over the network: an answer, or nothing once patience is over. Neither side's restart answers for it.
    private void Ask<T>(Node from, Node to, double patience, Func<T> answer, Action<T?> then)
        where T : struct
    {
        var (life, open) = (from.Life, true);
        void Close(T? value)
        {
            if (open && from.Up && from.Life == life)
            {
                open = false;
                then(value);
            }
        }

        After(patience, () => Close(null));
        Send(from, to, () =>
        {
            if (to.Up)
            {
                var value = answer();
                Send(to, from, () => Close(value));
            }
        });
    }

    private void Tick(Node node, int life) => Own(node, life, Patience / 8, () =>
    {
        switch (node.Election.Look(node.Tip, Clock(node)))
        {
            case ElectionStep.StepDown:
                node.Election.Resign(Clock(node));
                Tick(node, life);
                break;
            case ElectionStep.Stand:
                Stand(node, life);
                break;
            default:
                Tick(node, life);
                break;
        }
    });

    private void Stand(Node node, int life)
    {
        var tip = node.Tip;
        var term = node.Election.Stand(tip, Clock(node));
        var (awaited, given, over) = (_nodes.Length - 1, 0, false);
        foreach (var other in _nodes.Where(other => other != node))
        {
            Ask<(bool Given, ulong Promised)>(node, other, Patience, () => (other.Election.Consider(term, tip, other.Tip, Clock(other)), other.Election.Promised), reply =>
            {
                if (over)
                {
                    return;
                }

                given += reply?.Given == true ? 1 : 0;
                if (reply is { Given: false } refusal)
                {
                    node.Election.Learn(refusal.Promised, Clock(node));
                }

                var first = (ulong)node.Log.Count + 1;
                if (node.Election.Win(term, given, Clock(node)))
                {
                    Lead(node, life, term, first);
                    over = true;
                }

                over |= --awaited == 0 || node.Election.Promised != term;
                if (over)
                {
                    Tick(node, life);
                }
            });
        }
    }

    private void Lead(Node node, int life, ulong term, ulong first)
    {
        node.Confirmed.Begin(term, first);
        Demand(_led.Add(term), $"Term {term} was led twice.");
        foreach (var (number, entry) in _acknowledged)
        {
            Demand(node.Log.Count >= number && node.Log[number - 1] == entry, $"The leader of term {term} lacks block {number}, which was acknowledged.");
        }

        foreach (var replica in _nodes.Where(replica => replica != node))
        {
            Link(node, life, replica, term, node.Log.Count + 1);
        }
    }

    private void Link(Node leader, int life, Node peer, ulong term, int next)
    {
        if (!leader.Up || leader.Life != life || !leader.Election.Leads || leader.Election.Term != term)
        {
            return;
        }

        next = Math.Min(next, leader.Log.Count + 1);
        var sent = leader.Log.Skip(next - 1).Take(3).ToList();
        var (before, settled, at) = (leader.HashAt(next - 1), leader.Settled, Clock(leader));
        Ask<(bool Kept, int Number, ulong Promised)>(leader, peer, 4 * Patience, () =>
        {
            if (!peer.Election.Hear(term, Clock(peer)))
            {
                return (false, 0, peer.Election.Promised);
            }

            var (kept, number) = Replicate(peer, term, next - 1, before, sent);
            peer.Settled = kept ? Math.Max(peer.Settled, Math.Min(settled, number)) : peer.Settled;
            return (kept, number, peer.Election.Promised);
        }, reply =>
        {
            if (reply is not { } said)
            {
                Own(leader, life, Patience / 8, () => Link(leader, life, peer, term, next));
                return;
            }

            leader.Election.Answered(peer.Index, Clock(leader));
            if (said.Promised > term)
            {
                leader.Election.Learn(said.Promised, Clock(leader));
                return;
            }

            leader.Election.Served(peer.Index, at);
            if (!said.Kept)
            {
                Own(leader, life, 1, () => Link(leader, life, peer, term, Math.Max(1, Math.Min(next - 1, said.Number + 1))));
                return;
            }

            var last = next - 1 + sent.Count;
            leader.Confirmed.Confirm(term, peer.Index, (ulong)last);
            Acknowledge(leader);
            Own(leader, life, leader.Log.Count > last ? 1 : Patience / 4, () => Link(leader, life, peer, term, last + 1));
        });
    }

    // The same rules as EmbeddedLedger.Replicate.
    private (bool Kept, int Number) Replicate(Node node, ulong term, int previous, ulong hash, List<Entry> entries)
    {
        if (previous > node.Log.Count)
        {
            return (false, node.Log.Count);
        }

        if (node.HashAt(previous) != hash)
        {
            return (false, previous == 0 ? 0 : previous - 1);
        }

        for (var i = 0; i < entries.Count; i++)
        {
            var number = previous + 1 + i;
            if (number <= node.Log.Count)
            {
                if (node.Log[number - 1] == entries[i])
                {
                    continue;
                }

                Demand(number > node.Settled, $"Block {number} was settled and would be replaced.");
                if (term <= node.Log[number - 1].Term)
                {
                    return (false, 0);
                }

                node.Log.RemoveRange(number - 1, node.Log.Count - number + 1);
            }

            node.Log.Add(entries[i]);
        }

        return (true, previous + entries.Count);
    }

    // The writer: one block at a time, the next one when a majority holds it.
    private void Write(Node node, int life) => Own(node, life, 5 + (_random.NextDouble() * (node.Index == _quiet ? 3 * Patience : Patience / 3)), () =>
    {
        var election = node.Election;
        if (node.Waiting != 0 && (!election.Leads || election.Term != node.WaitingTerm))
        {
            node.Waiting = 0;
        }

        if (election.Leads && node.Waiting == 0 && !Owes(node) && _random.Next(4) < (node.Index == _quiet ? 3 : 1))
        {
            Refuse(node, life, Clock(node), _told, node.Log.Count, election.Term);
            return;
        }

        if (election.Leads && node.Waiting == 0)
        {
            node.Log.Add(new Entry(election.Term, ++_payloads, Mix(node.HashAt(node.Log.Count), election.Term, (ulong)_payloads)));
            (node.Waiting, node.WaitingTerm) = (node.Log.Count, election.Term);
            node.Confirmed.Confirm(election.Term, node.Index, (ulong)node.Log.Count);
            Acknowledge(node);
        }

        Write(node, life);
    });

    private void Acknowledge(Node node)
    {
        if (node.Waiting == 0 || node.Confirmed.Number < (ulong)node.Waiting || !node.Election.Leads || node.Election.Term != node.WaitingTerm)
        {
            return;
        }

        for (var number = node.Settled + 1; number <= node.Waiting; number++)
        {
            var entry = node.Log[number - 1];
            Demand(!_acknowledged.TryGetValue(number, out var known) || known == entry, $"Two blocks {number} were acknowledged.");
            _acknowledged[number] = entry;
        }

        node.Settled = node.Waiting;
        _told = Math.Max(_told, node.Waiting);
        node.Waiting = 0;
    }

    private static ulong Mix(ulong before, ulong term, ulong payload) => unchecked((((before * 6364136223846793005) + term) * 1442695040888963407) + payload);

    private static void Demand(bool holds, string what)
    {
        if (!holds)
        {
            throw new InvalidOperationException(what);
        }
    }

    private sealed class Node
    {
        public required int Index { get; init; }

        public required double Rate { get; init; }

        public required double Offset { get; init; }

        // On disk.
        public ulong Promised { get; set; }

        public List<Entry> Log { get; } = [];

        // Lost by a restart.
        public bool Up { get; set; }

        public int Life { get; set; }

        public int Settled { get; set; }

        public int Waiting { get; set; }

        public ulong WaitingTerm { get; set; }

        public Election Election { get; set; } = null!;

        public Confirmations Confirmed { get; set; } = null!;

        public (ulong Term, ulong Number) Tip => (Log.Count == 0 ? 0 : Log[^1].Term, (ulong)Log.Count);

        public ulong HashAt(int number) => number == 0 ? 17 : Log[number - 1].Hash;
    }
}

/// <summary>How readers, and senders who are refused, are answered.</summary>
public enum ReadingRule
{
    /// <summary>As the ledger does it.</summary>
    AsBuilt = 0,

    /// <summary>With what a sequencer held when it was asked, once that is settled: a rule that is wrong, for the model to find.</summary>
    WhatItHolds,

    /// <summary>Refusals without asking whether somebody else leads by now: a rule that is wrong, for the model to find.</summary>
    RefusesAtOnce,
}
