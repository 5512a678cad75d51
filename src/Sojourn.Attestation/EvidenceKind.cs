namespace Sojourn.Attestation;

/// <summary>What made a piece of evidence. The numbers are part of the encoding.</summary>
public enum EvidenceKind
{
    /// <summary>A signed statement of a program: proves nothing about hardware.</summary>
    Simulated = 0,

    /// <summary>A TPM 2.0 quote (TPM 2.0 Library, part 2, TPMS_ATTEST).</summary>
    Tpm = 1,

    /// <summary>An AMD SEV-SNP attestation report (AMD publication 56860).</summary>
    SevSnp = 2,

    /// <summary>An Intel TDX quote, version 4 or 5.</summary>
    Tdx = 3,

    /// <summary>An Intel SGX ECDSA quote, version 3.</summary>
    Sgx = 4,

    /// <summary>An AWS Nitro Enclaves attestation document.</summary>
    Nitro = 5,

    /// <summary>Azure's hardware compatibility layer report over SEV-SNP, with a vTPM quote.</summary>
    AzureSnp = 6,

    /// <summary>Azure's hardware compatibility layer report over TDX, with a vTPM quote.</summary>
    AzureTdx = 7,
}
