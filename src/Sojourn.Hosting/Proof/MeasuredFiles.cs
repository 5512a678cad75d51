using System.Collections.Immutable;
using System.Security.Cryptography;
using Sojourn.Attestation;
using Sojourn.Attestation.Devices.Tpm;
using Sojourn.Node.Enclaves;
using Sojourn.Primitives;
using Sojourn.Protocol.Policies;

namespace Sojourn.Hosting.Proof;

/// <summary>The files that a machine runs for an enclave, as an IMA list names them, and the reference values that owners write into policies.</summary>
public static class MeasuredFiles
{
    private const string Release = "sojourn-enclave";

    /// <summary>The enclave's files and the sandbox that starts it.</summary>
    /// <param name="image">The enclave.</param>
    /// <param name="bubblewrap">The full path of bubblewrap; null where there is none.</param>
    public static IReadOnlyList<MeasuredFile> Of(EnclaveImage image, string? bubblewrap)
    {
        var files = image.Files.Select(file => new MeasuredFile(
            file.Path.StartsWith("host:", StringComparison.Ordinal) ? file.Path[5..] : Path.Combine(image.Folder, file.Path), file.Sha256));
        if (bubblewrap is null)
        {
            return [.. files];
        }

        using var stream = File.OpenRead(bubblewrap);
        return [new MeasuredFile(bubblewrap, new Digest(SHA256.HashData(stream))), .. files];
    }

    /// <summary>Reference values: nothing but these files may have run, and the enclave's own program and code are among what did.</summary>
    /// <param name="files">The files.</param>
    public static ReferenceSet Reference(IReadOnlyList<MeasuredFile> files)
    {
        var values = ImmutableSortedDictionary.CreateBuilder<string, ImmutableSortedSet<string>>(StringComparer.Ordinal);
        values[ReferenceSet.KnownFiles] = [.. files.Select(file => file.Sha256.ToString())];
        foreach (var name in (string[])[EnclaveImage.Executable, EnclaveImage.Executable + ".dll"])
        {
            if (files.FirstOrDefault(file => Path.GetFileName(file.Path) == name) is { } file)
            {
                values[ReferenceSet.ImaPrefix + name] = [file.Sha256.ToString()];
            }
        }

        return new ReferenceSet { Name = Release, Values = values.ToImmutable() };
    }

    /// <summary>What a development network's owners ask for.</summary>
    /// <param name="level">The level of its nodes: simulated or tpm.</param>
    /// <param name="image">The enclave.</param>
    /// <param name="bubblewrap">The full path of bubblewrap; null where there is none.</param>
    public static ProofRequirement Requirement(TrustLevel level, EnclaveImage image, string? bubblewrap) => level == TrustLevel.Simulated
        ? new ProofRequirement { Level = level, Kinds = [EvidenceKind.Simulated], Measurements = [ReferenceSet.Of(Release, ("simulated", image.Measurement.ToString()))], RequireRevocation = false }
        : new ProofRequirement { Level = level, Kinds = [EvidenceKind.Tpm], Measurements = [Reference(Of(image, bubblewrap))], RequireRevocation = false, RequireChip = true };
}
