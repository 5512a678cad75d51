using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Sojourn.Cli.Trust.Serving;

/// <summary>Why a service did not answer what it was asked. Closed: a client can switch on the name.</summary>
internal enum RefusalReason
{
    NotJson,
    TooLarge,
    TooSlow,
    NotUnderstood,
    EvidenceEncoding,
    ChallengeUnknown,
    ChallengeUsed,
    PaymentNotAuthorised,
    PaymentRefused,
    Busy,
    Internal,
    NotEnrolled,
}

/// <summary>A refusal as it goes over the wire: a closed name, words, and what to do.</summary>
internal sealed record RequestRefusal(RefusalReason Reason, string Words, string Remedy)
{
    public int Status => Reason switch
    {
        RefusalReason.NotJson => StatusCodes.Status415UnsupportedMediaType,
        RefusalReason.TooLarge => StatusCodes.Status413PayloadTooLarge,
        RefusalReason.TooSlow => StatusCodes.Status408RequestTimeout,
        RefusalReason.NotUnderstood or RefusalReason.EvidenceEncoding => StatusCodes.Status400BadRequest,
        RefusalReason.ChallengeUnknown or RefusalReason.ChallengeUsed => StatusCodes.Status409Conflict,
        RefusalReason.PaymentNotAuthorised or RefusalReason.PaymentRefused => StatusCodes.Status402PaymentRequired,
        RefusalReason.NotEnrolled => StatusCodes.Status403Forbidden,
        RefusalReason.Busy => StatusCodes.Status503ServiceUnavailable,
        _ => StatusCodes.Status500InternalServerError,
    };

    public IResult ToResult() => Http.Json(new JsonObject { ["reason"] = Reason.ToString(), ["error"] = Words, ["remedy"] = Remedy }, Status);

    public static RequestRefusal Internal { get; } = new(RefusalReason.Internal, "the service failed; no verdict was reached", "Try again; if it stays so, tell whoever runs the service: its log says what happened.");
}
