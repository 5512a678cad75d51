using System.Buffers.Binary;
using Sojourn.Primitives;

namespace Sojourn.Protocol.Sortition;

/// <summary>What each unit of stake draws from a node's VRF value: 64 bits, four units to a hash; the lowest win.</summary>
/// <remarks>Every unit draws alike and on its own, so that neither splitting stake over nodes nor joining it changes the odds of any set of units.</remarks>
public static class UnitDraw
{
    /// <summary>The value of one unit.</summary>
    /// <param name="output">The node's VRF value.</param>
    /// <param name="unit">The unit, from 0.</param>
    public static ulong Value(in Digest output, uint unit)
    {
        var hash = new ProtocolHash("sojourn/units/1").Add(output).Add(unit >> 2).Finish();
        return BinaryPrimitives.ReadUInt64BigEndian(hash.AsSpan()[(int)((unit & 3) * 8)..]);
    }

    /// <summary>The units with the lowest values.</summary>
    /// <param name="output">The node's VRF value.</param>
    /// <param name="units">How many units the node has.</param>
    /// <param name="count">How many to give at most.</param>
    /// <returns>Unit numbers, ascending.</returns>
    public static uint[] Best(in Digest output, uint units, int count)
    {
        var best = new List<(ulong Value, uint Unit)>(count + 1);
        for (uint group = 0; group << 2 < units; group++)
        {
            var hash = new ProtocolHash("sojourn/units/1").Add(output).Add(group).Finish();
            for (uint lane = 0; lane < 4 && (group << 2) + lane < units; lane++)
            {
                var value = BinaryPrimitives.ReadUInt64BigEndian(hash.AsSpan()[(int)(lane * 8)..]);
                if (best.Count < count || value < best[^1].Value)
                {
                    var at = best.Count;
                    while (at > 0 && value < best[at - 1].Value)
                    {
                        at--;
                    }

                    best.Insert(at, (value, (group << 2) + lane));
                    if (best.Count > count)
                    {
                        best.RemoveAt(count);
                    }
                }
            }
        }

        var found = best.ConvertAll(item => item.Unit).ToArray();
        Array.Sort(found);
        return found;
    }
}
