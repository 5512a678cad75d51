using System.Collections.Concurrent;
using Sojourn.Primitives;
using Sojourn.Protocol.Ports;

namespace Sojourn.Hosting.DropBox;

/// <summary>Who has a part in a job: its requester, its drawn executors and verifiers, the keepers of its offers. Only they may leave something in its box.</summary>
/// <param name="ledger">Says so.</param>
internal sealed class JobParts(ILedger ledger)
{
    private const int KnownMax = 65_536;
    private readonly ConcurrentDictionary<(Digest Job, Address Account), bool> _known = new();

    /// <summary>Whether an account has a part in a job.</summary>
    public async ValueTask<bool> HasPartAsync(Digest job, Address account, CancellationToken cancel)
    {
        if (_known.ContainsKey((job, account)))
        {
            return true;
        }

        if (await ledger.JobAsync(job, cancel).ConfigureAwait(false) is not { } view)
        {
            return false;
        }

        var has = view.Requester == account || view.Rounds.Any(round => round.Executors.Any(seat => seat.Node == account) || round.Verifiers.Any(seat => seat.Node == account));
        foreach (var id in has ? [] : view.Terms.Offers)
        {
            has |= await ledger.OfferAsync(id, cancel).ConfigureAwait(false) is { } offer && (offer.Terms.Keeper == account || offer.Owner == account);
        }

        if (has)
        {
            if (_known.Count >= KnownMax)
            {
                _known.Clear();
            }

            _known[(job, account)] = true;
        }

        return has;
    }
}
