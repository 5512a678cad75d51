namespace Sojourn.Attestation.SevSnp;

/// <summary>AMD's server generations that have SEV-SNP.</summary>
public enum SnpProduct
{
    /// <summary>Not one that is known.</summary>
    Unknown = 0,

    /// <summary>Third generation EPYC.</summary>
    Milan,

    /// <summary>Fourth generation EPYC (with Bergamo and Siena, which use its keys).</summary>
    Genoa,

    /// <summary>Fifth generation EPYC.</summary>
    Turin,
}

/// <summary>Names and processor numbers of the generations.</summary>
internal static class SnpProducts
{
    public static SnpProduct FromName(string name) => name.Split('-')[0] switch
    {
        "Milan" => SnpProduct.Milan,
        "Genoa" or "Siena" or "Bergamo" => SnpProduct.Genoa,
        "Turin" => SnpProduct.Turin,
        _ => SnpProduct.Unknown,
    };

    /// <summary>CPUID family and model (extended parts added in), as a version 3 report states them.</summary>
    public static SnpProduct FromProcessor(byte family, byte model) => (family, model) switch
    {
        (0x19, <= 0x0F) => SnpProduct.Milan,
        (0x19, >= 0x10 and <= 0x1F) or (0x19, >= 0xA0 and <= 0xAF) => SnpProduct.Genoa,
        (0x1A, <= 0x1F) => SnpProduct.Turin,
        _ => SnpProduct.Unknown,
    };
}
