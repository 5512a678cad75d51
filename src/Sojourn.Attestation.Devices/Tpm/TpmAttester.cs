using System.Collections.Immutable;
using Sojourn.Attestation.Tpm;

namespace Sojourn.Attestation.Devices.Tpm;

/// <summary>How a <see cref="TpmAttester"/> works.</summary>
public sealed record TpmAttesterOptions
{
    /// <summary>The SHA-256 registers to quote; 0 to 7 (firmware), 8, 9 (boot loader), 10 (IMA) and 14 by default.</summary>
    public ImmutableSortedSet<int> Registers { get; init; } = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 14];

    /// <summary>The attestation key's certificate and what leads to its root, as <see cref="TpmEnrolment"/> gives them; empty where the TPM is not enrolled, and the evidence then proves no more than a simulation.</summary>
    public ReadOnlyMemory<byte> Certificates { get; init; }

    /// <summary>The firmware's event log; empty to send none.</summary>
    public string EventLogPath { get; init; } = "/sys/kernel/security/tpm0/binary_bios_measurements";

    /// <summary>The kernel's IMA list; empty to send none.</summary>
    public string ImaLogPath { get; init; } = "/sys/kernel/security/ima/binary_runtime_measurements";

    /// <summary>How long one command may take.</summary>
    /// <value>60 s.</value>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Whether to make a wrapping key that is sealed to the quoted registers, and to have it certified.</summary>
    public bool WrapKey { get; init; }
}

/// <summary>Makes evidence with a TPM: the report data's SHA-256 in a quote by an attestation key that the TPM derives anew each time.</summary>
public sealed class TpmAttester : IAttester, IMachineKey
{
    private const int AttemptsMax = 8;
    private readonly Func<ITpmTransport> open;
    private readonly TpmAttesterOptions options;
    private readonly TimeProvider clock;

    /// <summary>Makes an attester for one TPM.</summary>
    /// <param name="endpoint">Where the TPM is.</param>
    /// <param name="options">How to work.</param>
    /// <param name="clock">Measures time-outs.</param>
    public TpmAttester(TpmEndpoint endpoint, TpmAttesterOptions options, TimeProvider? clock = null)
        : this(endpoint.Open, options, clock)
    {
    }

    /// <summary>Makes an attester over transports of one's own.</summary>
    /// <param name="open">Opens a transport; called once per piece of evidence.</param>
    /// <param name="options">How to work.</param>
    /// <param name="clock">Measures time-outs.</param>
    public TpmAttester(Func<ITpmTransport> open, TpmAttesterOptions options, TimeProvider? clock = null)
    {
        this.open = open;
        this.options = options;
        this.clock = clock ?? TimeProvider.System;
    }

    /// <inheritdoc/>
    public EvidenceKind Kind => EvidenceKind.Tpm;

    /// <inheritdoc/>
    /// <exception cref="TpmException">The TPM failed.</exception>
    public async ValueTask<Evidence> AttestAsync(ReportData reportData, CancellationToken cancellation)
    {
        await using var client = new TpmClient(open(), clock) { Timeout = options.Timeout };
        await using var key = await client.CreatePrimaryAsync(TpmClient.EndorsementHierarchy, TpmTemplates.AttestationKey, cancellation).ConfigureAwait(false);
        var parts = await QuoteAsync(client, key, reportData, cancellation).ConfigureAwait(false);
        return Evidence.Of(EvidenceKind.Tpm, parts).WithBindingOf(reportData);
    }

    /// <inheritdoc/>
    /// <exception cref="TpmException">The TPM failed otherwise than by refusing the key's policy.</exception>
    public async ValueTask<byte[]?> AgreeAsync(Evidence evidence, ReadOnlyMemory<byte> point, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(evidence);
        if (point.Length != 65 || !evidence.Has(EvidencePart.WrapKey) || TpmPublic.TryParse(evidence[EvidencePart.WrapKey].Span) is not { } wanted)
        {
            return null;
        }

        await using var client = new TpmClient(open(), clock) { Timeout = options.Timeout };
        // The key follows from its policy: the same one again, whatever the registers are now.
        await using var key = await client.CreatePrimaryAsync(TpmClient.EndorsementHierarchy, TpmTemplates.WrapKey(wanted.AuthPolicy), cancellation).ConfigureAwait(false);
        if (!key.Public.Encoded.AsSpan().SequenceEqual(evidence[EvidencePart.WrapKey].Span))
        {
            return null;
        }

        await using var session = await client.StartPolicySessionAsync(cancellation).ConfigureAwait(false);
        await client.PolicyPcrAsync(session.Handle, [new PcrSelection(TpmAlg.Sha256, [.. options.Registers])], cancellation).ConfigureAwait(false);
        if (!(await client.PolicyDigestAsync(session.Handle, cancellation).ConfigureAwait(false)).AsSpan().SequenceEqual(wanted.AuthPolicy))
        {
            return null; // The registers moved on. Asked all the same, the TPM would refuse.
        }

        return await client.EcdhAsync(key.Handle, session.Handle, point.Slice(1, 32), point.Slice(33, 32), cancellation).ConfigureAwait(false);
    }

    internal async ValueTask<Dictionary<EvidencePart, ReadOnlyMemory<byte>>> QuoteAsync(TpmClient client, TpmObject key, ReportData reportData, CancellationToken cancellation)
    {
        var selection = new PcrSelection(TpmAlg.Sha256, [.. options.Registers]);
        var parts = new Dictionary<EvidencePart, ReadOnlyMemory<byte>> { [EvidencePart.TpmKey] = key.Public.Encoded };
        var values = await client.ReadPcrsAsync(selection, cancellation).ConfigureAwait(false);
        for (var attempt = 1; ; attempt++)
        {
            var (message, signature) = await client.QuoteAsync(key.Handle, reportData.ForTpm(), [selection], cancellation).ConfigureAwait(false);
            var attest = TpmAttest.TryParse(message, new Findings());
            if (attest is null || !attest.ExtraData.AsSpan().SequenceEqual(reportData.ForTpm()))
            {
                throw client.Lie("the quote is not the one that was asked for");
            }

            if (attest.PcrDigest.AsSpan().SequenceEqual(TpmAlg.Hash(TpmAlg.Sha256, values)))
            {
                parts[EvidencePart.TpmQuote] = message;
                parts[EvidencePart.TpmSignature] = signature;
                parts[EvidencePart.PcrValues] = values;
                break;
            }

            if (attempt == AttemptsMax)
            {
                throw client.Lie("the quoted registers are never those that it reads out");
            }

            // A register was extended between reading and quoting: a busy machine does that (IMA).
            values = await client.ReadPcrsAsync(selection, cancellation).ConfigureAwait(false);
        }

        if (options.WrapKey)
        {
            await AddWrapKeyAsync(client, key, selection, values, reportData.ForTpm(), parts, cancellation).ConfigureAwait(false);
        }

        if (options.Certificates.Length > 0)
        {
            parts[EvidencePart.Certificates] = options.Certificates;
        }

        await AddFileAsync(parts, EvidencePart.EventLog, options.EventLogPath, cancellation).ConfigureAwait(false);
        await AddFileAsync(parts, EvidencePart.ImaLog, options.ImaLogPath, cancellation).ConfigureAwait(false);
        return parts;
    }

    private static async ValueTask AddWrapKeyAsync(TpmClient client, TpmObject key, PcrSelection selection, byte[] values, byte[] qualifyingData, Dictionary<EvidencePart, ReadOnlyMemory<byte>> parts, CancellationToken cancellation)
    {
        var quoted = selection.Registers.Select((register, i) => new QuotedPcr(selection.Bank, register, values.AsMemory(32 * i, 32)));
        var policy = TpmPolicy.PcrPolicy(TpmAlg.Sha256, [selection], quoted);
        await using var wrap = await client.CreatePrimaryAsync(TpmClient.EndorsementHierarchy, TpmTemplates.WrapKey(policy), cancellation).ConfigureAwait(false);
        var (message, signature) = await client.CertifyAsync(wrap.Handle, key.Handle, qualifyingData, null, cancellation).ConfigureAwait(false);
        parts[EvidencePart.WrapKey] = wrap.Public.Encoded;
        parts[EvidencePart.WrapKeyCertify] = message;
        parts[EvidencePart.WrapKeySignature] = signature;
    }

    private static async ValueTask AddFileAsync(Dictionary<EvidencePart, ReadOnlyMemory<byte>> parts, EvidencePart part, string path, CancellationToken cancellation)
    {
        if (path.Length == 0 || !File.Exists(path))
        {
            return;
        }

        try
        {
            parts[part] = await File.ReadAllBytesAsync(path, cancellation).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AttestationDeviceException($"The log {path} cannot be read ({e.Message}). Run as a user who may, or leave the log out.", e);
        }
    }
}
