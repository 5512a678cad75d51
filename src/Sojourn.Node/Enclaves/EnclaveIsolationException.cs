using System.Collections.Immutable;
using Sojourn.Protocol.EnclaveChannel;

namespace Sojourn.Node.Enclaves;

/// <summary>An enclave started, and a piece of its isolation is missing where the operator asks for all of them.</summary>
/// <param name="missing">The pieces.</param>
public sealed class EnclaveIsolationException(IEnumerable<IsolationPiece> missing)
    : IOException($"pieces of the enclave's isolation are missing: {string.Join("; ", missing.Select(piece => $"{piece.Piece} ({piece.Missing})"))}")
{
    /// <summary>The pieces.</summary>
    public ImmutableArray<IsolationPiece> Missing { get; } = [.. missing];
}
