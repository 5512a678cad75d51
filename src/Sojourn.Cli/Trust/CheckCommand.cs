using System.CommandLine;
using System.Text;
using Sojourn.Attestation.Results;
using Sojourn.Cli.Output;
using Sojourn.Cli.Running;

namespace Sojourn.Cli.Trust;

/// <summary><c>sojourn trust check</c>: what a third party does with a signed result and one public key.</summary>
internal static class CheckCommand
{
    public static Command Create()
    {
        var file = new Argument<string>("result") { Description = "The signed result: a JWT or a CWT." };
        var key = new Option<string>("--key") { Description = "The verifier's public key (PEM).", Required = true };
        var command = new Command("check", "Check a signed attestation result with its verifier's public key.") { file, key, OutputOption.Create() };
        command.SetRun(run =>
        {
            var bytes = TrustInputs.Bytes(run.Get(file)!);
            var publicKey = TrustInputs.ReadPublicKey(run.Get(key)!);
            var text = Encoding.ASCII.GetString(bytes).Trim();
            var fault = text.StartsWith("ey", StringComparison.Ordinal)
                ? ResultVerifier.VerifyJwt(text, publicKey, DateTimeOffset.UtcNow, out var claims)
                : ResultVerifier.VerifyCwt(bytes, publicKey, DateTimeOffset.UtcNow, out claims);
            if (claims is null)
            {
                throw new CliException(ExitCode.Refused, $"the signed result is refused: {fault}", fault == ResultFault.Signature ? "It is signed by another key, or was changed." : null);
            }

            run.Results.One(
                claims,
                new Column<ResultClaims>("accepted", c => c.Accepted),
                new Column<ResultClaims>("status", c => c.Status),
                new Column<ResultClaims>("issuer", c => c.Issuer),
                new Column<ResultClaims>("level", c => c.Level),
                new Column<ResultClaims>("chip", c => c.Chip),
                new Column<ResultClaims>("custody", c => c.Custody),
                new Column<ResultClaims>("issuedAt", c => c.IssuedAt.ToString("u")),
                new Column<ResultClaims>("expires", c => c.Expires.ToString("u")),
                new Column<ResultClaims>("policy", c => c.PolicyName),
                new Column<ResultClaims>("reasons", c => string.Join("; ", c.Reasons.Select(r => r.Name))));
            return Task.FromResult(claims.Accepted ? ExitCode.Ok : ExitCode.Refused);
        });
        return command;
    }
}
