namespace Sojourn.Attestation.Devices.Collaterals;

/// <summary>What a file may be.</summary>
public enum CollateralKind
{
    /// <summary>Whatever it shows itself to be.</summary>
    Any = 0,

    /// <summary>Certificates.</summary>
    Certificates,

    /// <summary>A revocation list.</summary>
    List,

    /// <summary>Intel's TCB info or enclave identity.</summary>
    Document,
}

/// <summary>A file that is to come in.</summary>
/// <param name="Name">For messages.</param>
/// <param name="Bytes">Its bytes.</param>
public sealed record CollateralInput(string Name, ReadOnlyMemory<byte> Bytes)
{
    /// <summary>What it must be: a service that was asked for a list cannot answer with a bundle.</summary>
    public CollateralKind Kind { get; init; }

    /// <summary>The issuer chain (PEM) that goes with Intel's JSON.</summary>
    public ReadOnlyMemory<byte> Chain { get; init; }
}
