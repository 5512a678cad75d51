using Sojourn.Attestation;
using Sojourn.Content;
using Sojourn.Cryptography.HybridEncryption;
using Sojourn.Node.Journal;
using Sojourn.Protocol.DropBox;
using Sojourn.Protocol.Ports;

namespace Sojourn.Node.Keeping;

/// <summary>What a keeper works with.</summary>
public sealed record KeeperContext
{
    /// <summary>Where admissions are read and releases recorded.</summary>
    public required ILedger Ledger { get; init; }

    /// <summary>The keeper's account, as offers name it.</summary>
    public required ISigner Signer { get; init; }

    /// <summary>The key to which the owner's contents are sealed.</summary>
    public required HpkePrivateKey Key { get; init; }

    /// <summary>Where headers and policies come from.</summary>
    public required IBlockSource Content { get; init; }

    /// <summary>Where evidence is taken and wrapped keys are left.</summary>
    public required IDropBox DropBox { get; init; }

    /// <summary>Roots and collateral: the keeper checks evidence itself.</summary>
    public Collateral Collateral { get; init; } = Collateral.Empty;

    /// <summary>The clock.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>What happened.</summary>
    public required NodeJournal Journal { get; init; }

    /// <summary>Where uses are counted.</summary>
    public required UseLedger Uses { get; init; }

    /// <summary>What the owner can read of every decision; null keeps none.</summary>
    public AuditLog? Audit { get; init; }

    /// <summary>What the owner has revoked here, on this machine, whatever the ledger says; null for nothing.</summary>
    public RevocationList? Revoked { get; init; }

    /// <summary>Pool members' words and keys, and shares of keys; null where the keeper has none: then no pool's policy holds.</summary>
    public KeeperBooks? Books { get; init; }

    /// <summary>Where wrapped keys are kept until their job is closed, so that a crash does not release twice; null keeps none.</summary>
    public string? StateFolder { get; init; }
}
