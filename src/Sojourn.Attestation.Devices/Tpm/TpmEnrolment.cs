using Sojourn.Attestation.Tpm;

namespace Sojourn.Attestation.Devices.Tpm;

/// <summary>The machine's side of enrolment: reads the endorsement certificate, makes the keys, answers the challenge.</summary>
public static class TpmEnrolment
{
    /// <summary>NV index of the RSA 2048 endorsement certificate (TCG EK Credential Profile, low range).</summary>
    private const uint RsaCertificateIndex = 0x01C00002;

    /// <summary>NV index of the P-256 endorsement certificate.</summary>
    private const uint EccCertificateIndex = 0x01C0000A;

    /// <summary>Collects what an authority needs.</summary>
    /// <param name="endpoint">Where the TPM is.</param>
    /// <param name="timeout">How long one command may take.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="TpmException">The TPM failed.</exception>
    public static async ValueTask<EnrolmentRequest> RequestAsync(TpmEndpoint endpoint, TimeSpan timeout, CancellationToken cancellation)
    {
        await using var client = new TpmClient(endpoint.Open(), TimeProvider.System) { Timeout = timeout };
        var (certificate, template) = await ChooseAsync(client, cancellation).ConfigureAwait(false);
        await using var endorsement = await client.CreatePrimaryAsync(TpmClient.EndorsementHierarchy, template, cancellation).ConfigureAwait(false);
        await using var attestation = await client.CreatePrimaryAsync(TpmClient.EndorsementHierarchy, TpmTemplates.AttestationKey, cancellation).ConfigureAwait(false);
        return new EnrolmentRequest(certificate, endorsement.Public.Encoded, attestation.Public.Encoded);
    }

    /// <summary>Has the TPM open a challenge.</summary>
    /// <param name="endpoint">Where the TPM is.</param>
    /// <param name="challenge">What the authority sent.</param>
    /// <param name="timeout">How long one command may take.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>The secret that proves it.</returns>
    /// <exception cref="TpmException">The TPM failed, or the challenge is for another.</exception>
    public static async ValueTask<byte[]> AnswerAsync(TpmEndpoint endpoint, EnrolmentChallenge challenge, TimeSpan timeout, CancellationToken cancellation)
    {
        await using var client = new TpmClient(endpoint.Open(), TimeProvider.System) { Timeout = timeout };
        var (_, template) = await ChooseAsync(client, cancellation).ConfigureAwait(false);
        await using var endorsement = await client.CreatePrimaryAsync(TpmClient.EndorsementHierarchy, template, cancellation).ConfigureAwait(false);
        await using var attestation = await client.CreatePrimaryAsync(TpmClient.EndorsementHierarchy, TpmTemplates.AttestationKey, cancellation).ConfigureAwait(false);
        return await client.ActivateCredentialAsync(attestation.Handle, endorsement.Handle, challenge.IdObject, challenge.EncryptedSecret, cancellation).ConfigureAwait(false);
    }

    /// <summary>Enrols a TPM with an authority that lives in this process: a development network's way.</summary>
    /// <param name="endpoint">Where the TPM is.</param>
    /// <param name="authority">The authority.</param>
    /// <param name="collateral">Roots and intermediate certificates of TPM vendors.</param>
    /// <param name="allowUnendorsed">Whether a TPM without a vendor's chain (swtpm) may be enrolled; its evidence counts on development ledgers only.</param>
    /// <param name="now">The time.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>Certificates for <see cref="TpmAttesterOptions.Certificates"/>.</returns>
    /// <exception cref="TpmException">The TPM failed, or the authority refused it.</exception>
    public static async ValueTask<byte[]> EnrolAsync(TpmEndpoint endpoint, EnrolmentAuthority authority, Collateral collateral, bool allowUnendorsed, DateTimeOffset now, CancellationToken cancellation)
    {
        var timeout = TimeSpan.FromSeconds(120);
        var request = await RequestAsync(endpoint, timeout, cancellation).ConfigureAwait(false);
        var decision = authority.Challenge(request, collateral, now, allowUnendorsed);
        if (decision.Pending is not { } pending)
        {
            throw new TpmException(TpmFailure.Missing, $"The TPM at {endpoint} cannot be enrolled: {string.Join("; ", decision.Findings.Select(finding => finding.Detail))}.");
        }

        var answer = await AnswerAsync(endpoint, pending.Challenge, timeout, cancellation).ConfigureAwait(false);
        return authority.Complete(pending, answer, now)
            ?? throw new TpmException(TpmFailure.Lie, $"The TPM at {endpoint} opened the challenge wrongly: it does not hold the endorsement key that it shows.");
    }

    private static async ValueTask<(byte[] Certificate, byte[] Template)> ChooseAsync(TpmClient client, CancellationToken cancellation)
    {
        if (await client.ReadNvAsync(RsaCertificateIndex, cancellation).ConfigureAwait(false) is { } rsa)
        {
            return (rsa, TpmTemplates.EndorsementRsa);
        }

        if (await client.ReadNvAsync(EccCertificateIndex, cancellation).ConfigureAwait(false) is { } ecc)
        {
            return (ecc, TpmTemplates.EndorsementEcc);
        }

        // Nobody endorsed a key of this TPM, so any template will do: a P-256 key is made in milliseconds, an RSA key in seconds.
        return ([], TpmTemplates.EndorsementEcc);
    }
}
