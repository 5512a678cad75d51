using System.Globalization;
using System.Security.Cryptography;
using Sojourn.Attestation.Tpm;
using Sojourn.Cli.Running;

namespace Sojourn.Cli.Trust.Enrolment;

/// <summary>An enrolment authority on disk: its certificate and key, what it issued (<c>.issued</c>) and what it took back (<c>.revoked</c>), a line each.</summary>
internal sealed class AuthorityFiles(string path)
{
    public string Path => path;

    public string IssuedPath => path + ".issued";

    public string RevokedPath => path + ".revoked";

    /// <summary>Opens the authority, or makes one.</summary>
    public async Task<EnrolmentAuthority> OpenOrMakeAsync(DateTimeOffset now, CommandRun run)
    {
        if (File.Exists(path))
        {
            return await OpenAsync(run.Cancellation).ConfigureAwait(false);
        }

        // The name tells one authority from another in lists and findings.
        var made = EnrolmentAuthority.Create($"Sojourn enrolment authority {RandomNumberGenerator.GetHexString(8, lowercase: true)}", now, TimeSpan.FromDays(5 * 365));
        await KeyCommand.WriteSecretAsync(path, made.ExportPem(), run.Cancellation).ConfigureAwait(false);
        run.Note($"A new enrolment authority was made: {path}");
        return made;
    }

    public async Task<EnrolmentAuthority> OpenAsync(CancellationToken cancellation)
    {
        if (!File.Exists(path))
        {
            throw new CliException(ExitCode.NotFound, $"there is no enrolment authority {path}", "'sojourn trust enrol --authority FILE' or 'sojourn trust authority serve' makes one.");
        }

        try
        {
            return EnrolmentAuthority.FromPem(await File.ReadAllTextAsync(path, cancellation).ConfigureAwait(false));
        }
        catch (Exception e) when (e is ArgumentException or CryptographicException)
        {
            throw new CliException(ExitCode.BadInput, $"{path} holds no certificate with a private key in PEM");
        }
    }

    /// <summary>Writes down what was issued, so that it can be taken back by the TPM's name.</summary>
    public async Task RecordAsync(EnrolmentAuthority authority, PendingEnrolment pending, byte[] certificates, DateTimeOffset now)
    {
        var serial = authority.SerialOf(certificates) ?? throw new CliException(ExitCode.Failed, "the authority cannot read what it issued");
        await File.AppendAllTextAsync(IssuedPath, $"{now:u}\t{Convert.ToHexStringLower(serial)}\ttpm-ek:{Convert.ToHexStringLower(pending.EndorsementKeyDigest.Span)}\t{(pending.VendorEndorsed ? "vendor" : "unendorsed")}\n", CancellationToken.None).ConfigureAwait(false);
    }

    /// <summary>The serial numbers that were issued to a TPM.</summary>
    public IReadOnlyList<byte[]> IssuedTo(string chip) =>
        [.. Lines(IssuedPath).Select(line => line.Split('\t')).Where(fields => fields.Length == 4 && IsHex(fields[1]) && string.Equals(fields[2], chip, StringComparison.OrdinalIgnoreCase)).Select(fields => Convert.FromHexString(fields[1]))];

    public IReadOnlyList<(ReadOnlyMemory<byte> Serial, DateTimeOffset At)> Revoked()
    {
        var read = new List<(ReadOnlyMemory<byte>, DateTimeOffset)>();
        foreach (var line in Lines(RevokedPath))
        {
            if (line.Split('\t') is not [var at, var serial, ..] || !DateTimeOffset.TryParse(at, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) || !IsHex(serial))
            {
                throw new CliException(ExitCode.BadInput, $"{RevokedPath}: \"{line}\" is not a time, a tab and a serial number", "A list that leaves something out would take a revocation back: mend the line.");
            }

            read.Add((Convert.FromHexString(serial), time));
        }

        return read;
    }

    public void Revoke(IEnumerable<byte[]> serials, DateTimeOffset now)
    {
        var known = Revoked().Select(entry => Convert.ToHexStringLower(entry.Serial.Span)).ToHashSet(StringComparer.Ordinal);
        File.AppendAllText(RevokedPath, string.Concat(serials.Select(serial => Convert.ToHexStringLower(serial)).Where(known.Add).Select(serial => $"{now:u}\t{serial}\n")));
    }

    /// <summary>The current list. Its number is the second in which it is made, so that it grows without a counter to lose.</summary>
    public byte[] List(EnrolmentAuthority authority, DateTimeOffset now, TimeSpan life) => authority.IssueList(Revoked(), now.ToUnixTimeSeconds(), now, life);

    private static bool IsHex(string text) => text.Length is > 0 and <= 64 && text.Length % 2 == 0 && text.All(char.IsAsciiHexDigit);

    private static IEnumerable<string> Lines(string file) => File.Exists(file) ? File.ReadLines(file).Where(line => line.Length > 0 && line[0] != '#') : [];
}
