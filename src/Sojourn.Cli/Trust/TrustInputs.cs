using System.CommandLine;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Sojourn.Attestation;
using Sojourn.Attestation.Devices.Collaterals;
using Sojourn.Attestation.References;
using Sojourn.Cli.Running;

namespace Sojourn.Cli.Trust;

/// <summary>Options that several verbs of <c>sojourn trust</c> share, and how they are read.</summary>
internal sealed class TrustInputs
{
    private const long FileBytesMax = 64 * 1024 * 1024;

    public Argument<string> Evidence { get; } = new("evidence") { Description = "The evidence file, as 'trust quote' writes it; with --kind, the raw report, quote or document." };

    public Option<string?> Kind { get; } = KindOption();

    public Option<string?> Certificates { get; } = new("--certificates") { Description = "Certificates that go with a raw report (VCEK or VLEK, PCK chain), PEM or DER." };

    public Option<string?> Collateral { get; } = new("--collateral") { Description = "The collateral folder (default: the state folder's 'collateral')." };

    public Option<string?> At { get; } = new("--at") { Description = "Judge at this UTC time instead of now, such as 2026-03-01T12:00:00Z." };

    public Option<string?> Policy { get; } = new("--policy") { Description = "The appraisal policy (JSON). Without one the strict defaults hold: level tee, reference values needed." };

    public Option<string?> References { get; } = new("--references") { Description = "Reference values that somebody signed ('trust reference --sign'); added to the policy's own." };

    public Option<string?> Endorser { get; } = new("--endorser") { Description = "The public key (PEM) that --references must be signed with." };

    public Option<string?> Challenge { get; } = new("--challenge") { Description = "The challenge that the evidence must carry, hexadecimal." };

    public Option<string?> ReportData { get; } = new("--report-data") { Description = "The report data (64 bytes, hexadecimal) that the evidence must carry." };

    public static CollateralStore Store(string? folder) => new(folder ?? Path.Combine(Places.StateFolder, "collateral"));

    public static byte[] Bytes(string path)
    {
        if (!File.Exists(path))
        {
            throw new CliException(ExitCode.NotFound, $"there is no file {path}", "Check the path.");
        }

        // Read to the bound and not by the length that is said: a device or a pipe says none.
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var read = new MemoryStream();
        var buffer = new byte[64 * 1024];
        for (int got; (got = file.Read(buffer)) > 0;)
        {
            if (read.Length + got > FileBytesMax)
            {
                throw new CliException(ExitCode.BadInput, $"{path} is larger than {FileBytesMax} bytes");
            }

            read.Write(buffer, 0, got);
        }

        return read.ToArray();
    }

    public static byte[] Hex(string text, string what)
    {
        try
        {
            return Convert.FromHexString(text);
        }
        catch (FormatException)
        {
            throw new CliException(ExitCode.Usage, $"{what} \"{text}\" is not hexadecimal");
        }
    }

    public static Option<string?> KindOption() => new("--kind") { Description = "Read the file as a raw report of this kind: snp, tdx, sgx or nitro." };

    public Evidence ReadEvidence(CommandRun run) => ReadEvidence(run.Get(Evidence)!, run.Get(Kind), run.Get(Certificates));

    public static Evidence ReadEvidence(string path, string? rawKind, string? certificates)
    {
        var kind = rawKind is null ? (EvidenceKind?)null : ParseRawKind(rawKind);
        if (kind is null && certificates is not null)
        {
            throw new CliException(ExitCode.Usage, "--certificates goes with a raw report", "Name the report's kind too, for example --kind snp.");
        }

        var bytes = Bytes(path);
        if (kind is { } known)
        {
            var raw = new Evidence(known, bytes);
            return certificates is null ? raw : raw.With(EvidencePart.Certificates, Bytes(certificates));
        }

        return Attestation.Evidence.TryDecode(bytes, out var evidence)
            ? evidence! : throw new CliException(ExitCode.BadInput, $"{path} is not evidence as 'sojourn trust quote' writes it", "For a raw report name its kind, for example --kind snp.");
    }

    public DateTimeOffset Now(CommandRun run) => run.Get(At) is not { } text ? DateTimeOffset.UtcNow
        : DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time) ? time
        : throw new CliException(ExitCode.Usage, $"--at {text} is not a time", "Write it like 2026-03-01T12:00:00Z.");

    public Collateral ReadCollateral(CommandRun run) => Store(run.Get(Collateral)).Load();

    public AppraisalPolicy ReadPolicy(CommandRun run)
    {
        var policy = new AppraisalPolicy();
        if (run.Get(Policy) is { } path)
        {
            policy = AppraisalPolicy.TryParse(Bytes(path), out var read, out var problem) ? read! : throw new CliException(ExitCode.Usage, $"{path}: {problem}", "See docs/ATTESTATION.md for the members of a policy.");
        }

        return run.Get(References) is { } references ? AddReferences(policy, references, run.Get(Endorser)) : policy;
    }

    public static byte[] ReadPublicKey(string path)
    {
        using var key = ECDsa.Create();
        try
        {
            key.ImportFromPem(Encoding.ASCII.GetString(Bytes(path)));
            return key.ExportSubjectPublicKeyInfo();
        }
        catch (Exception e) when (e is ArgumentException or CryptographicException)
        {
            throw new CliException(ExitCode.BadInput, $"{path} is not a public key in PEM");
        }
    }

    public static ECDsa ReadPrivateKey(string path)
    {
        var key = ECDsa.Create();
        try
        {
            key.ImportFromPem(Encoding.ASCII.GetString(Bytes(path)));
            _ = key.SignHash(new byte[32]);
            return key.KeySize == 256 ? key : throw new CryptographicException();
        }
        catch (Exception e) when (e is ArgumentException or CryptographicException)
        {
            key.Dispose();
            throw new CliException(ExitCode.BadInput, $"{path} is not a P-256 private key in PEM", "'sojourn trust key' makes one.");
        }
    }

    private static AppraisalPolicy AddReferences(AppraisalPolicy policy, string path, string? endorser)
    {
        if (endorser is null)
        {
            throw new CliException(ExitCode.Usage, "--references needs --endorser", "Name the public key of whoever vouches for the reference values.");
        }

        return SignedReferences.Apply(policy, Bytes(path), ReadPublicKey(endorser), Path.GetFileNameWithoutExtension(endorser))
            ?? throw new CliException(ExitCode.Refused, $"{path} does not hold reference values signed by {endorser}", "Ask the endorser for the file again, and check that the key is theirs.");
    }

    public ReportData? ReadExpected(CommandRun run)
    {
        if (run.Get(Challenge) is { } challenge)
        {
            var bytes = Hex(challenge, "the challenge");
            return bytes.Length is > 0 and <= Attestation.ReportData.ChallengeMax ? Attestation.ReportData.ForChallenge(bytes) : throw new CliException(ExitCode.Usage, $"the challenge has {bytes.Length} bytes; 1 to {Attestation.ReportData.ChallengeMax} are possible");
        }

        if (run.Get(ReportData) is { } data)
        {
            var bytes = Hex(data, "the report data");
            return bytes.Length == 64 ? Attestation.ReportData.FromDigest(bytes) : throw new CliException(ExitCode.Usage, $"the report data has {bytes.Length} bytes, expected 64");
        }

        return null;
    }

    private static EvidenceKind ParseRawKind(string kind) => kind switch
    {
        "snp" => EvidenceKind.SevSnp,
        "tdx" => EvidenceKind.Tdx,
        "sgx" => EvidenceKind.Sgx,
        "nitro" => EvidenceKind.Nitro,
        _ => throw new CliException(ExitCode.Usage, $"--kind {kind} is not one of snp, tdx, sgx, nitro"),
    };
}
