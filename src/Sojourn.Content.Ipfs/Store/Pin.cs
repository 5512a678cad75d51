using Sojourn.Primitives;

namespace Sojourn.Content.Ipfs.Store;

/// <summary>Keeps a DAG from garbage collection. Several names may hold one root; it goes when the last is gone.</summary>
/// <param name="Cid">The root.</param>
/// <param name="Name">Who or what holds it; null for the unnamed pin.</param>
/// <param name="CreatedAt">When it was made.</param>
public sealed record Pin(Cid Cid, string? Name, DateTimeOffset CreatedAt);
