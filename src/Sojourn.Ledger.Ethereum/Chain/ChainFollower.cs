using System.Collections.Immutable;
using Sojourn.Primitives;

namespace Sojourn.Ledger.Ethereum.Chain;

/// <summary>A block and what the followed contracts told in it.</summary>
/// <param name="Header">The header.</param>
/// <param name="Logs">The logs, in order.</param>
/// <param name="Transactions">The block's transactions; empty where there are no logs.</param>
internal sealed record FollowedBlock(ChainHeader Header, ImmutableArray<ChainLog> Logs, ImmutableArray<ChainTransaction> Transactions);

/// <summary>What changed since the last step: first undo, then apply.</summary>
/// <param name="Undone">How many blocks, from the end, are no more.</param>
/// <param name="Applied">What follows, in order.</param>
internal sealed record ChainStep(int Undone, ImmutableArray<FollowedBlock> Applied);

/// <summary>Follows the chain block by block, by hash, with a window of blocks that can be undone.</summary>
/// <remarks>One caller at a time. A step either returns a whole change or throws and has changed nothing, so that what follows it never stands between two chains.</remarks>
internal sealed class ChainFollower
{
    /// <summary>The blocks that can be undone: two epochs, after which a chain with finality has finalised.</summary>
    public const int UndoWindow = 64;

    private readonly ChainClient _client;
    private readonly ImmutableArray<Address> _contracts;
    private readonly List<ChainHeader> _recent = [];
    private readonly int _stepMax;
    private readonly bool _withTransactions;

    /// <param name="client">The chain.</param>
    /// <param name="contracts">Whose logs are read.</param>
    /// <param name="start">The block after which reading begins.</param>
    /// <param name="stepMax">The most blocks of one step.</param>
    /// <param name="withTransactions">Whether to read what was said in blocks that hold logs.</param>
    public ChainFollower(ChainClient client, IEnumerable<Address> contracts, ChainHeader start, int stepMax = 256, bool withTransactions = false)
    {
        _client = client;
        _contracts = [.. contracts];
        _stepMax = stepMax;
        _withTransactions = withTransactions;
        _recent.Add(start);
    }

    /// <summary>The last block read.</summary>
    public ChainHeader Head => _recent[^1];

    /// <summary>A recent block's header; null where it is not kept any more.</summary>
    /// <param name="number">Its number.</param>
    public ChainHeader? Recent(ulong number) => number >= _recent[0].Number && number <= Head.Number ? _recent[(int)(number - _recent[0].Number)] : null;

    /// <summary>Reads on towards the chain's end.</summary>
    /// <returns>What changed; null where nothing did.</returns>
    /// <exception cref="ReorganisationTooDeepException">The window does not reach the fork.</exception>
    public async Task<ChainStep?> StepAsync(CancellationToken cancellation)
    {
        var latest = await _client.LatestAsync(cancellation).ConfigureAwait(false);
        if (latest.Hash == Head.Hash)
        {
            return null;
        }

        // Where the chain became shorter or stands on another block, go back to what both have.
        var keep = _recent.Count;
        while (keep > 0)
        {
            var mine = _recent[keep - 1];
            var there = mine.Number > latest.Number ? null : mine.Number == latest.Number ? latest : await _client.HeaderAsync(mine.Number, cancellation).ConfigureAwait(false);
            if (there is not null && there.Hash == mine.Hash)
            {
                break;
            }

            keep--;
        }

        if (keep == 0)
        {
            throw new ReorganisationTooDeepException((ulong)_recent.Count);
        }

        var fork = _recent[keep - 1];
        var headers = await HeadersAsync(fork, latest, cancellation).ConfigureAwait(false);
        if (headers.Count == 0 && keep == _recent.Count)
        {
            return null;
        }

        var logs = await _client.LogsAsync(headers, _contracts, cancellation).ConfigureAwait(false);
        var transactions = new ImmutableArray<ChainTransaction>[headers.Count];
        for (var i = 0; i < headers.Count; i++)
        {
            transactions[i] = _withTransactions && !logs[i].IsEmpty ? await _client.TransactionsAsync(headers[i], cancellation).ConfigureAwait(false) : [];
        }

        if (headers.Count > 0)
        {
            // What lies deeper than the window cannot be taken back: there every endpoint must agree.
            await AgreeAsync(headers, cancellation).ConfigureAwait(false);
        }

        var step = new ChainStep(_recent.Count - keep, [.. headers.Select((header, i) => new FollowedBlock(header, logs[i], transactions[i]))]);
        _recent.RemoveRange(keep, _recent.Count - keep);
        _recent.AddRange(headers);
        if (_recent.Count > UndoWindow + 1)
        {
            _recent.RemoveRange(0, _recent.Count - UndoWindow - 1);
        }

        return step;
    }

    private async Task<List<ChainHeader>> HeadersAsync(ChainHeader fork, ChainHeader latest, CancellationToken cancellation)
    {
        var headers = new List<ChainHeader>();
        var count = latest.Number <= fork.Number ? 0 : (int)Math.Min(latest.Number - fork.Number, (ulong)_stepMax);
        if (count == 0)
        {
            return headers;
        }

        var previous = fork;
        foreach (var header in await _client.HeadersAsync(fork.Number + 1, count, cancellation).ConfigureAwait(false))
        {
            // The chain may move while it is read: what still hangs together is a good step, the rest comes with the next one.
            if (header is null || header.Parent != previous.Hash)
            {
                break;
            }

            headers.Add(header);
            previous = header;
        }

        return headers;
    }

    private async Task AgreeAsync(List<ChainHeader> headers, CancellationToken cancellation)
    {
        if (_client.Pool.Count < 2)
        {
            return;
        }

        var last = headers[^1];
        var settled = last.Number > UndoWindow ? last.Number - UndoWindow : 0;
        var checkedOne = headers.Find(header => header.Number == settled) ?? Recent(settled);
        if (checkedOne is not null)
        {
            await _client.DemandAgreementAsync(checkedOne, cancellation).ConfigureAwait(false);
        }
    }
}
