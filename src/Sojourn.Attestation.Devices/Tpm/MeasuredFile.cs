using Sojourn.Primitives;

namespace Sojourn.Attestation.Devices.Tpm;

/// <summary>A file as a kernel with IMA measures it before it runs.</summary>
/// <param name="Path">Where it lies.</param>
/// <param name="Sha256">The digest of its bytes.</param>
public sealed record MeasuredFile(string Path, Digest Sha256);
