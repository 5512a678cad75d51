using System.Buffers.Binary;
using Sojourn.Primitives;

namespace Sojourn.Protocol.Sortition;

/// <summary>What each unit of stake draws from a node's VRF value: 64 bits, sixteen units to a hash; the lowest win.</summary>
/// <remarks>Every unit draws alike and on its own, so that neither splitting stake over nodes nor joining it changes the odds of any set of units.</remarks>
public static class UnitDraw
{
    /// <summary>The value of one unit.</summary>
    /// <param name="output">The node's VRF value.</param>
    /// <param name="unit">The unit, from 0.</param>
    public static ulong Value(in Digest output, uint unit)
    {
        var hash = new ProtocolHash("sojourn/units/1").Add(output).Add(unit >> 4).Finish();
        return Mix(BinaryPrimitives.ReadUInt64BigEndian(hash.AsSpan()[(int)((unit & 3) * 8)..]), (unit >> 2) & 3);
    }

    /// <summary>The units with the lowest values.</summary>
    /// <param name="output">The node's VRF value.</param>
    /// <param name="units">How many units the node has.</param>
    /// <param name="count">How many to give at most.</param>
    /// <returns>Unit numbers, ascending.</returns>
    public static uint[] Best(Digest output, uint units, int count)
    {
        const uint Part = 1 << 17;
        var best = new List<(ulong Value, uint Unit)>(count + 1);
        if (units <= Part)
        {
            Scan(output, 0, units, count, best);
        }
        else
        {
            // Parts are searched side by side; what is found does not depend on how.
            var parts = new List<(ulong Value, uint Unit)>[(units + Part - 1) / Part];
            Parallel.For(0, parts.Length, i =>
            {
                parts[i] = [];
                Scan(output, (uint)i * Part, Math.Min(units, ((uint)i + 1) * Part), count, parts[i]);
            });
            foreach (var part in parts)
            {
                part.ForEach(item => Enter(best, item.Value, item.Unit, count));
            }
        }

        var found = best.ConvertAll(item => item.Unit).ToArray();
        Array.Sort(found);
        return found;
    }

    private static void Scan(in Digest output, uint from, uint to, int count, List<(ulong Value, uint Unit)> best)
    {
        // The three words of the hash's input; only the last changes.
        Span<byte> message = stackalloc byte[96];
        Span<byte> hash = stackalloc byte[32];
        message.Clear();
        "sojourn/units/1"u8.CopyTo(message);
        output.CopyTo(message[32..]);
        for (var group = from >> 4; group << 4 < to; group++)
        {
            BinaryPrimitives.WriteUInt64BigEndian(message[88..], group);
            System.Security.Cryptography.SHA256.HashData(message, hash);
            for (uint lane = 0; lane < 16 && (group << 4) + lane < to; lane++)
            {
                Enter(best, Mix(BinaryPrimitives.ReadUInt64BigEndian(hash[(int)((lane & 3) * 8)..]), lane >> 2), (group << 4) + lane, count);
            }
        }
    }

    // The finaliser of SplitMix64: a bijection, so four values from one lane are as uniform as the lane. Nobody chooses the lane: it hangs on the VRF's value.
    private static ulong Mix(ulong lane, uint step)
    {
        var z = lane + (step * 0x9E3779B97F4A7C15);
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    private static void Enter(List<(ulong Value, uint Unit)> best, ulong value, uint unit, int count)
    {
        if (best.Count == count && (count == 0 || value >= best[^1].Value))
        {
            return;
        }

        var at = best.Count;
        while (at > 0 && value < best[at - 1].Value)
        {
            at--;
        }

        best.Insert(at, (value, unit));
        if (best.Count > count)
        {
            best.RemoveAt(count);
        }
    }
}
