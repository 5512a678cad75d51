using Sojourn.Primitives;

namespace Sojourn.Node.Enclaves;

/// <summary>One file that an enclave may load.</summary>
/// <param name="Path">Its path relative to the image's folder; a file of the host's begins with <c>host:</c>.</param>
/// <param name="Sha256">The digest of its bytes.</param>
public sealed record EnclaveFile(string Path, Digest Sha256);
