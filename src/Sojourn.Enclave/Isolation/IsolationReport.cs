namespace Sojourn.Enclave.Isolation;

/// <summary>What shuts this process in, piece by piece; a piece that is missing says why.</summary>
/// <param name="Pieces">Name of the piece, and null where it holds or the reason it does not.</param>
internal sealed record IsolationReport(IReadOnlyList<(string Piece, string? Missing)> Pieces)
{
    /// <summary>Whether every piece holds.</summary>
    public bool Complete => Pieces.All(piece => piece.Missing is null);
}
