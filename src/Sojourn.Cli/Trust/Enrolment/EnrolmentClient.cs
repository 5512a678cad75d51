using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using Sojourn.Attestation.Devices.Tpm;
using Sojourn.Attestation.Tpm;
using Sojourn.Cli.Running;

namespace Sojourn.Cli.Trust.Enrolment;

/// <summary>The machine's side of enrolment with an authority elsewhere.</summary>
internal static class EnrolmentClient
{
    private const int AnswerBytesMax = 256 * 1024;
    private static readonly TimeSpan TpmTimeout = TimeSpan.FromSeconds(120);

    public static async Task<byte[]> EnrolAsync(TpmEndpoint tpm, Uri server, CancellationToken cancellation)
    {
        using var http = new HttpClient { BaseAddress = server, Timeout = TimeSpan.FromSeconds(60), MaxResponseContentBufferSize = AnswerBytesMax };
        var request = await TpmEnrolment.RequestAsync(tpm, TpmTimeout, cancellation).ConfigureAwait(false);
        var begun = await SendAsync(http, "/api/v1/enrolment", new JsonObject
        {
            ["endorsementCertificate"] = Convert.ToBase64String(request.EndorsementCertificate.Span),
            ["endorsementKey"] = Convert.ToBase64String(request.EndorsementKey.Span),
            ["attestationKey"] = Convert.ToBase64String(request.AttestationKey.Span),
        }, cancellation).ConfigureAwait(false);
        var challenge = new EnrolmentChallenge(Bytes(begun, "idObject", server), Bytes(begun, "encryptedSecret", server));
        var secret = await TpmEnrolment.AnswerAsync(tpm, challenge, TpmTimeout, cancellation).ConfigureAwait(false);
        var id = begun.TryGetProperty("id", out var named) && named.GetString() is { Length: > 0 and <= 64 } text && text.All(char.IsAsciiHexDigit) ? text : throw Strange(server);
        var done = await SendAsync(http, $"/api/v1/enrolment/{id}", new JsonObject { ["secret"] = Convert.ToBase64String(secret) }, cancellation).ConfigureAwait(false);
        return Bytes(done, "certificates", server);
    }

    private static async Task<JsonElement> SendAsync(HttpClient http, string path, JsonObject body, CancellationToken cancellation)
    {
        try
        {
            using var response = await http.PostAsJsonAsync(path, body, cancellation).ConfigureAwait(false);
            var text = await response.Content.ReadAsStringAsync(cancellation).ConfigureAwait(false);
            using var read = JsonDocument.Parse(text);
            if (read.RootElement.ValueKind != JsonValueKind.Object)
            {
                throw Strange(http.BaseAddress!);
            }

            return response.IsSuccessStatusCode ? read.RootElement.Clone()
                : throw new CliException(ExitCode.Refused, $"the authority at {http.BaseAddress} refused: {Word(read.RootElement, "error")}", Word(read.RootElement, "remedy"));
        }
        catch (JsonException)
        {
            throw Strange(http.BaseAddress!);
        }
        catch (TaskCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new CliException(ExitCode.Unreachable, $"the authority at {http.BaseAddress} does not answer in time");
        }
    }

    private static string Word(JsonElement root, string name) => root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "(no word)";

    private static byte[] Bytes(JsonElement root, string name, Uri server) =>
        root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String && value.TryGetBytesFromBase64(out var bytes) ? bytes : throw Strange(server);

    private static CliException Strange(Uri server) => new(ExitCode.BadInput, $"{server} does not answer as an enrolment authority does", "'sojourn trust authority serve' runs one.");
}
