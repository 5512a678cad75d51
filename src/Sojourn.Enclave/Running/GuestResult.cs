using System.Collections.Immutable;

namespace Sojourn.Enclave.Running;

/// <summary>What a guest left.</summary>
/// <param name="Exit">Its exit code, or a trap's number with the top bit set.</param>
/// <param name="Fuel">Fuel burnt.</param>
/// <param name="Files">Its output: paths relative to <c>/output</c>, ordinal order.</param>
/// <param name="StandardOutput">What it printed.</param>
/// <param name="StandardError">What it printed there.</param>
internal sealed record GuestResult(uint Exit, ulong Fuel, ImmutableSortedDictionary<string, byte[]> Files, byte[] StandardOutput, byte[] StandardError);
