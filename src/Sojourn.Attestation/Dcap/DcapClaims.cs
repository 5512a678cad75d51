using System.Buffers.Binary;

namespace Sojourn.Attestation.Dcap;

/// <summary>What a TDX quote says.</summary>
public sealed record TdxClaims : QuoteClaims
{
    /// <summary>The quote's version.</summary>
    public required int Version { get; init; }

    /// <summary>The TD's attributes.</summary>
    public required ulong Attributes { get; init; }

    /// <summary>Versions of the module and its loader.</summary>
    public required ReadOnlyMemory<byte> TeeTcbSvn { get; init; }

    /// <summary>The platform's family, model, stepping, platform type, custom SKU.</summary>
    public required ReadOnlyMemory<byte> Fmspc { get; init; }

    /// <summary>The evaluation data number of the TCB info that was used; 0 where there was none.</summary>
    public required int TcbEvaluation { get; init; }

    /// <summary>ATTRIBUTES.TUD (bits 0 to 7): any of them makes the TD untrusted; bit 0 is DEBUG (Intel TDX Module base specification, TD attributes).</summary>
    public override bool Debug => (Attributes & 0xFF) != 0;

    /// <summary>ATTRIBUTES.SEPT_VE_DISABLE, bit 28.</summary>
    public bool SeptVeDisabled => (Attributes & (1UL << 28)) != 0;

    /// <summary>ATTRIBUTES.MIGRATABLE, bit 29: a migration service may move the TD, keys and all, to another platform.</summary>
    public bool Migratable => (Attributes & (1UL << 29)) != 0;

    /// <inheritdoc/>
    public override IEnumerable<ClaimText> Describe()
    {
        yield return new("kind", $"Intel TDX quote version {Version}");
        yield return new("platform", $"FMSPC {Hex(Fmspc)}");
        yield return new("module versions", Hex(TeeTcbSvn));
        yield return new("attributes", $"0x{Attributes:x}: debug {(Debug ? "ON" : "off")}, SEPT_VE_DISABLE {(SeptVeDisabled ? "set" : "clear")}, {(Migratable ? "MIGRATABLE" : "not migratable")}");
        foreach (var measurement in Measurements)
        {
            if (!IsZero(measurement.Value.Span))
            {
                yield return new(measurement.Name, measurement.Hex);
            }
        }

        yield return new("report data", Hex(BoundData));
    }

    internal static TdxClaims From(DcapQuote quote, ReadOnlyMemory<byte> fmspc, int evaluation)
    {
        var body = new TdReportBody(quote.Body);
        return new TdxClaims
        {
            Version = quote.Version,
            Attributes = BinaryPrimitives.ReadUInt64LittleEndian(body.TdAttributes.Span),
            TeeTcbSvn = body.TeeTcbSvn,
            Fmspc = fmspc,
            TcbEvaluation = evaluation,
            BoundData = body.ReportData,
            Measurements =
            [
                new("mrtd", body.MrTd), new("rtmr0", body.Rtmr(0)), new("rtmr1", body.Rtmr(1)), new("rtmr2", body.Rtmr(2)), new("rtmr3", body.Rtmr(3)),
                new("mrseam", body.MrSeam), new("mrsignerseam", body.MrSignerSeam), new("mrconfigid", body.MrConfigId), new("mrowner", body.MrOwner),
                new("mrownerconfig", body.MrOwnerConfig), new("xfam", body.Xfam), .. body.MrServiceTd.IsEmpty ? Array.Empty<Measurement>() : [new("mrservicetd", body.MrServiceTd)],
            ],
        };
    }
}

/// <summary>What an SGX quote says.</summary>
public sealed record SgxClaims : QuoteClaims
{
    /// <summary>The quote's version.</summary>
    public required int Version { get; init; }

    /// <summary>The enclave's product number.</summary>
    public required int IsvProdId { get; init; }

    /// <summary>The enclave's version number.</summary>
    public required int IsvSvn { get; init; }

    /// <summary>Whether the enclave runs in debug mode.</summary>
    public required bool IsDebug { get; init; }

    /// <summary>The platform's family, model, stepping, platform type, custom SKU.</summary>
    public required ReadOnlyMemory<byte> Fmspc { get; init; }

    /// <summary>The evaluation data number of the TCB info that was used; 0 where there was none.</summary>
    public required int TcbEvaluation { get; init; }

    /// <inheritdoc/>
    public override bool Debug => IsDebug;

    /// <inheritdoc/>
    public override IEnumerable<ClaimText> Describe()
    {
        yield return new("kind", $"Intel SGX quote version {Version}");
        yield return new("platform", $"FMSPC {Hex(Fmspc)}");
        yield return new("enclave", $"product {IsvProdId}, version {IsvSvn}, debug {(IsDebug ? "ON" : "off")}");
        foreach (var measurement in Measurements)
        {
            yield return new(measurement.Name, measurement.Hex);
        }

        yield return new("report data", Hex(BoundData));
    }

    internal static SgxClaims From(DcapQuote quote, ReadOnlyMemory<byte> fmspc, int evaluation)
    {
        var body = new SgxReportBody(quote.Body);
        return new SgxClaims
        {
            Version = quote.Version,
            IsvProdId = body.IsvProdId,
            IsvSvn = body.IsvSvn,
            IsDebug = body.Debug,
            Fmspc = fmspc,
            TcbEvaluation = evaluation,
            BoundData = body.ReportData,
            Measurements = [new("mrenclave", body.MrEnclave), new("mrsigner", body.MrSigner), new("configid", body.ConfigId)],
        };
    }
}
