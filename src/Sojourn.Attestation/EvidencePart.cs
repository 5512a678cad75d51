namespace Sojourn.Attestation;

/// <summary>A named piece of evidence. The numbers are part of the encoding.</summary>
public enum EvidencePart
{
    /// <summary>The report, quote, document or statement as the hardware gave it.</summary>
    Report = 0,

    /// <summary>The canonical encoding of the <see cref="JobBinding"/> that the report data is said to be the digest of.</summary>
    Binding = 1,

    /// <summary>Certificates the attester sends along: DER certificates one after the other, leaf first.</summary>
    Certificates = 2,

    /// <summary>TPMS_ATTEST.</summary>
    TpmQuote = 3,

    /// <summary>TPMT_SIGNATURE over the quote.</summary>
    TpmSignature = 4,

    /// <summary>TPMT_PUBLIC of the attestation key.</summary>
    TpmKey = 5,

    /// <summary>Values of the selected PCRs, concatenated in the quote's order of selection.</summary>
    PcrValues = 6,

    /// <summary>TCG PC Client event log, as the firmware left it.</summary>
    EventLog = 7,

    /// <summary>IMA measurement list, as in <c>binary_runtime_measurements</c>.</summary>
    ImaLog = 8,

    /// <summary>The TD quote that goes with Azure's TDX report.</summary>
    TdQuote = 9,

    /// <summary>TPMT_PUBLIC of the key that the enclave's secrets are wrapped to.</summary>
    WrapKey = 10,

    /// <summary>TPMS_ATTEST by which the attestation key certifies <see cref="WrapKey"/>.</summary>
    WrapKeyCertify = 11,

    /// <summary>TPMT_SIGNATURE over <see cref="WrapKeyCertify"/>.</summary>
    WrapKeySignature = 12,
}
