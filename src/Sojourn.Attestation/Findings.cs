using System.Collections.Immutable;

namespace Sojourn.Attestation;

/// <summary>Collects what is wrong while a verifier works; bounded.</summary>
internal sealed class Findings
{
    private const int Max = 64;
    private readonly List<QuoteFinding> all = [];

    /// <summary>The platform's status where it was found although the quote is refused: for an explanation.</summary>
    public TcbStatus Tcb { get; set; }

    public ImmutableArray<string> Advisories { get; set; } = [];

    public bool Any => all.Count > 0;

    public bool OnlyMissing => all.Count > 0 && all.TrueForAll(finding => finding.Fault == QuoteFault.CollateralMissing);

    public bool Has(QuoteFault fault) => all.Exists(finding => finding.Fault == fault);

    public bool Add(QuoteFault fault, string detail)
    {
        if (all.Count < Max)
        {
            all.Add(new QuoteFinding(fault, detail));
        }

        return false;
    }

    public bool Check(bool holds, QuoteFault fault, string detail) => holds || Add(fault, detail);

    public ImmutableArray<QuoteFinding> ToImmutable() => [.. all];
}
