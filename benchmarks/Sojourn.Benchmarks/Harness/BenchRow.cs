namespace Sojourn.Benchmarks.Harness;

/// <summary>One measured line.</summary>
/// <param name="What">What was measured.</param>
/// <param name="Ours">Our median, formatted with its unit.</param>
/// <param name="Peer">The peer and its median, or empty.</param>
/// <param name="Ratio">Median of the pairwise ratios ours/peer, or empty.</param>
/// <param name="Bar">What the figure should reach.</param>
/// <param name="Note">Conditions, or what limits it.</param>
public sealed record BenchRow(string What, string Ours, string Peer, string Ratio, string Bar, string Note);
