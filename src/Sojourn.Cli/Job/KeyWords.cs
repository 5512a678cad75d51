using System.Globalization;
using Sojourn.Cryptography.Identity;
using Sojourn.Primitives;
using Sojourn.Protocol.Ports;
using Sojourn.Protocol.Views;

namespace Sojourn.Cli.Job;

/// <summary>Why a job got no key, by content: which keepers were silent, which refused, and how many custodians' shares were missing.</summary>
internal static class KeyWords
{
    /// <summary>A job's offers as the ledger has them.</summary>
    /// <param name="ledger">The ledger.</param>
    /// <param name="job">The job.</param>
    /// <param name="cancel">Stops waiting.</param>
    public static async Task<IReadOnlyCollection<OfferView>> OffersAsync(ILedger ledger, JobView job, CancellationToken cancel)
    {
        var offers = new List<OfferView>();
        foreach (var id in job.Terms.Offers)
        {
            if (await ledger.OfferAsync(id, cancel).ConfigureAwait(false) is { } offer)
            {
                offers.Add(offer);
            }
        }

        return offers;
    }

    /// <summary>The words.</summary>
    /// <param name="job">A job that ended without a key.</param>
    /// <param name="offers">Its offers.</param>
    public static string Of(JobView job, IReadOnlyCollection<OfferView> offers)
    {
        // The admitted executor that came furthest: what it lacked was lacking.
        var seat = job.Rounds.SelectMany(round => round.Executors).Where(seat => !seat.Admission.IsZero).MaxBy(seat => seat.Releases.Count(release => release.Denied is null));
        if (seat is null)
        {
            return "a keeper did not answer in time";
        }

        var words = new List<string>();
        foreach (var content in offers.Where(offer => offer.Terms.Sealed).GroupBy(offer => offer.Terms.Content))
        {
            var gave = content.Count(offer => seat.Releases.Any(release => release.Offer == offer.Id && release.Denied is null));
            var needed = content.Max(offer => (int)offer.Terms.Threshold);
            if (gave >= (needed == 0 ? content.Count() : needed))
            {
                continue;
            }

            var refused = content.Select(offer => (offer.Terms.Keeper, Reason: seat.Releases.FirstOrDefault(release => release.Offer == offer.Id)?.Denied)).Where(pair => pair.Reason is not null)
                .Select(pair => $"{pair.Keeper.ToChecksumText()} refused ({pair.Reason})");
            var silent = content.Where(offer => seat.Releases.All(release => release.Offer != offer.Id)).Select(offer => $"{offer.Terms.Keeper.ToChecksumText()} did not answer in time");
            var who = string.Join(", ", refused.Concat(silent));
            words.Add(needed == 0
                ? $"no keeper released the key of {content.Key}: {who}"
                : string.Create(CultureInfo.InvariantCulture, $"{gave} of the {needed} shares came that the key of {content.Key} needs: of its {content.Count()} custodians {who}"));
        }

        return words.Count == 0 ? "a keeper did not answer in time" : string.Join("; ", words);
    }
}
