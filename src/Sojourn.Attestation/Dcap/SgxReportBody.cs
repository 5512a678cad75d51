using System.Buffers.Binary;

namespace Sojourn.Attestation.Dcap;

/// <summary>The layout of an SGX enclave report (Intel SGX ECDSA QuoteGenReference, "Enclave Report Body"), 384 bytes.</summary>
internal readonly struct SgxReportBody(ReadOnlyMemory<byte> bytes)
{
    public const int Length = 384;

    public ReadOnlyMemory<byte> Bytes => bytes;

    public ReadOnlyMemory<byte> CpuSvn => bytes[..16];

    public ReadOnlyMemory<byte> MiscSelect => bytes.Slice(16, 4);

    public ReadOnlyMemory<byte> Attributes => bytes.Slice(48, 16);

    public ReadOnlyMemory<byte> MrEnclave => bytes.Slice(64, 32);

    public ReadOnlyMemory<byte> MrSigner => bytes.Slice(128, 32);

    public ReadOnlyMemory<byte> ConfigId => bytes.Slice(192, 64);

    public int IsvProdId => BinaryPrimitives.ReadUInt16LittleEndian(bytes.Span[256..]);

    public int IsvSvn => BinaryPrimitives.ReadUInt16LittleEndian(bytes.Span[258..]);

    public ReadOnlyMemory<byte> ReportData => bytes.Slice(320, 64);

    /// <summary>ATTRIBUTES.FLAGS bit 1 (Intel SDM, volume 3D, 37.7.1).</summary>
    public bool Debug => (bytes.Span[48] & 2) != 0;
}

/// <summary>The layout of a TD report, 584 bytes in version 1.0 and 648 in 1.5 (Intel TDX DCAP Quoting Library API, "TD Quote Body").</summary>
internal readonly struct TdReportBody(ReadOnlyMemory<byte> bytes)
{
    public const int Length10 = 584;
    public const int Length15 = 648;

    public ReadOnlyMemory<byte> TeeTcbSvn => bytes[..16];

    public ReadOnlyMemory<byte> MrSeam => bytes.Slice(16, 48);

    public ReadOnlyMemory<byte> MrSignerSeam => bytes.Slice(64, 48);

    public ReadOnlyMemory<byte> SeamAttributes => bytes.Slice(112, 8);

    public ReadOnlyMemory<byte> TdAttributes => bytes.Slice(120, 8);

    public ReadOnlyMemory<byte> Xfam => bytes.Slice(128, 8);

    public ReadOnlyMemory<byte> MrTd => bytes.Slice(136, 48);

    public ReadOnlyMemory<byte> MrConfigId => bytes.Slice(184, 48);

    public ReadOnlyMemory<byte> MrOwner => bytes.Slice(232, 48);

    public ReadOnlyMemory<byte> MrOwnerConfig => bytes.Slice(280, 48);

    public ReadOnlyMemory<byte> Rtmr(int index) => bytes.Slice(328 + (48 * index), 48);

    public ReadOnlyMemory<byte> ReportData => bytes.Slice(520, 64);

    public ReadOnlyMemory<byte> MrServiceTd => bytes.Length >= Length15 ? bytes.Slice(600, 48) : default;
}
