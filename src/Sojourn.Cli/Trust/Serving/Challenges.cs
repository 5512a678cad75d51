using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Sojourn.Cli.Trust.Serving;

/// <summary>What a challenge turned out to be.</summary>
internal enum ChallengeState
{
    Good,
    Unknown,
    Used,
    Full,
}

/// <summary>
/// Challenges that carry their own end and a MAC, so that drawing one costs no memory and nobody can use the room up; only those that were used are remembered, until they end.
/// </summary>
internal sealed class Challenges(TimeProvider clock)
{
    private const int Length = 32;
    private const int UsedMax = 200_000;
    private static readonly TimeSpan Life = TimeSpan.FromMinutes(5);
    private readonly byte[] secret = RandomNumberGenerator.GetBytes(32);
    private readonly Dictionary<string, DateTimeOffset> used = new(StringComparer.Ordinal);
    private readonly Lock gate = new();

    public (byte[] Challenge, DateTimeOffset Until) Draw()
    {
        var until = clock.GetUtcNow() + Life;
        var challenge = new byte[Length];
        BinaryPrimitives.WriteInt64BigEndian(challenge, until.ToUnixTimeMilliseconds());
        RandomNumberGenerator.Fill(challenge.AsSpan(8, 8));
        Mac(challenge).CopyTo(challenge.AsSpan(16));
        return (challenge, until);
    }

    /// <summary>Uses a challenge up; <see cref="Return"/> gives it back where no verdict came of it.</summary>
    public ChallengeState Take(ReadOnlySpan<byte> challenge)
    {
        var now = clock.GetUtcNow();
        if (challenge.Length != Length || !CryptographicOperations.FixedTimeEquals(Mac(challenge), challenge[16..]) || BinaryPrimitives.ReadInt64BigEndian(challenge) < now.ToUnixTimeMilliseconds())
        {
            return ChallengeState.Unknown;
        }

        lock (gate)
        {
            if (used.Count >= UsedMax)
            {
                foreach (var old in used.Where(pair => pair.Value <= now).Select(pair => pair.Key).ToList())
                {
                    used.Remove(old);
                }

                if (used.Count >= UsedMax)
                {
                    return ChallengeState.Full;
                }
            }

            return used.TryAdd(Convert.ToHexStringLower(challenge), now + Life) ? ChallengeState.Good : ChallengeState.Used;
        }
    }

    public void Return(ReadOnlySpan<byte> challenge)
    {
        lock (gate)
        {
            used.Remove(Convert.ToHexStringLower(challenge));
        }
    }

    private byte[] Mac(ReadOnlySpan<byte> challenge) => HMACSHA256.HashData(secret, challenge[..16])[..16];
}
