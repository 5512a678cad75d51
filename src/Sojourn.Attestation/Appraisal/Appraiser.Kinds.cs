using System.Collections.Immutable;

namespace Sojourn.Attestation;

/// <content>Checks that only some kinds have.</content>
public static partial class Appraiser
{
    private static void KindChecks(VerifiedQuote quote, AppraisalPolicy policy, DateTimeOffset now, ImmutableArray<Reason>.Builder reasons)
    {
        if (quote.Claims.Debug && !policy.AllowDebug)
        {
            Add(reasons, ReasonCode.DebugEnabled, "debug mode is on: the memory is not private");
        }

        if (quote.Claims.MadeAt is { } madeAt && now - madeAt > policy.AgeMaximum)
        {
            Add(reasons, ReasonCode.TooOld, $"the evidence was made {madeAt:u}, longer ago than {policy.AgeMaximum}");
        }
    }
}
