using System.Net;
using Sojourn.Attestation;
using Sojourn.Attestation.Results;

namespace Sojourn.Cli.Trust.Serving;

/// <summary>How a <see cref="TrustServer"/> works.</summary>
internal sealed record TrustServerOptions
{
    public required IPEndPoint Endpoint { get; init; }

    public required ResultSigner Signer { get; init; }

    public required string Issuer { get; init; }

    public required AppraisalPolicy Policy { get; init; }

    /// <summary>Reads collateral; asked again every <see cref="CollateralRefresh"/>.</summary>
    public required Func<Collateral> Collateral { get; init; }

    public TimeSpan CollateralRefresh { get; init; } = TimeSpan.FromMinutes(10);

    public string? AuditPath { get; init; }

    public UInt128 Price { get; init; }

    public IVerdictLedger? Ledger { get; init; }

    public int RequestsPerMinute { get; init; } = 600;

    /// <summary>How many requests may be read and judged at once; each can take some 60 MiB.</summary>
    public int AtOnce { get; init; } = 4;

    /// <summary>How long a request may take to arrive.</summary>
    public TimeSpan BodyTimeout { get; init; } = TimeSpan.FromSeconds(30);

    public TimeSpan ResultLife { get; init; } = TimeSpan.FromMinutes(10);

    public TimeProvider Clock { get; init; } = TimeProvider.System;
}
