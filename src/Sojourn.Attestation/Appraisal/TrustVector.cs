namespace Sojourn.Attestation;

/// <summary>
/// The AR4SI trustworthiness vector (draft-ietf-rats-ar4si, "Trustworthiness Claims"): eight claims, each a signed byte whose size says the tier:
/// 0 none, 2 to 31 affirming, 32 to 95 warning, 96 to 127 contraindicated.
/// </summary>
public sealed record TrustVector
{
    /// <summary>Whether the attesting environment is a known, individual instance.</summary>
    public sbyte InstanceIdentity { get; init; }

    /// <summary>Whether its settings are safe.</summary>
    public sbyte Configuration { get; init; }

    /// <summary>Whether what runs is known.</summary>
    public sbyte Executables { get; init; }

    /// <summary>Whether the files are known.</summary>
    public sbyte FileSystem { get; init; }

    /// <summary>Whether hardware and firmware are genuine and current.</summary>
    public sbyte Hardware { get; init; }

    /// <summary>Whether memory is hidden from the outside.</summary>
    public sbyte RuntimeOpaque { get; init; }

    /// <summary>Whether stored secrets are sealed.</summary>
    public sbyte StorageOpaque { get; init; }

    /// <summary>Whether data came from attested sources.</summary>
    public sbyte SourcedData { get; init; }

    /// <summary>The worst tier of all claims, as EAR's status: 0 none, 2 affirming, 32 warning, 96 contraindicated.</summary>
    public sbyte Status
    {
        get
        {
            sbyte worst = 0;
            foreach (var (_, value) in All())
            {
                worst = Math.Max(worst, Tier(value));
            }

            return worst;
        }
    }

    /// <summary>The claims with the names EAR uses.</summary>
    public IEnumerable<(string Name, sbyte Value)> All()
    {
        yield return ("instance-identity", InstanceIdentity);
        yield return ("configuration", Configuration);
        yield return ("executables", Executables);
        yield return ("file-system", FileSystem);
        yield return ("hardware", Hardware);
        yield return ("runtime-opaque", RuntimeOpaque);
        yield return ("storage-opaque", StorageOpaque);
        yield return ("sourced-data", SourcedData);
    }

    /// <summary>The tier of one value.</summary>
    /// <param name="value">A claim's value.</param>
    public static sbyte Tier(sbyte value) => value switch { >= 96 => 96, >= 32 => 32, >= 2 => 2, _ => 0 };

    /// <summary>The tier's name.</summary>
    /// <param name="tier">A tier or a claim's value.</param>
    public static string TierName(sbyte tier) => Tier(tier) switch { 96 => "contraindicated", 32 => "warning", 2 => "affirming", _ => "none" };
}
