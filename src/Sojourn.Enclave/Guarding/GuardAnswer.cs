using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Sojourn.Protocol.Receipts;

namespace Sojourn.Enclave.Guarding;

/// <summary>A range of one output file that a guard strikes out.</summary>
/// <param name="File">The file, relative to <c>/output</c>.</param>
/// <param name="Offset">Where it begins.</param>
/// <param name="Length">How long it is.</param>
internal readonly record struct Strike(string File, long Offset, long Length);

/// <summary>What a guard printed: a line each, <c>strike FILE OFFSET LENGTH</c> any number of times, then <c>pass</c>; or <c>refuse CODE</c>.</summary>
/// <remarks>A guard never emits bytes of its own: it could smuggle another owner's data. Anything but these lines is a refusal.</remarks>
internal sealed record GuardAnswer(GuardDecision Decision, ImmutableArray<Strike> Strikes)
{
    /// <summary>The most strikes of one answer.</summary>
    public const int StrikesMax = 65_536;

    /// <summary>The refusal of a guard that trapped, failed or spoke otherwise.</summary>
    public static GuardAnswer Refused { get; } = new(GuardDecision.Refuse, []);

    /// <summary>Reads an answer.</summary>
    /// <param name="printed">Standard output.</param>
    public static GuardAnswer Parse(ReadOnlySpan<byte> printed)
    {
        var strikes = ImmutableArray.CreateBuilder<Strike>();
        var passed = false;
        foreach (var line in Encoding.UTF8.GetString(printed).Split('\n'))
        {
            if (line.Length == 0)
            {
                continue;
            }

            // Nothing may follow the word that ends an answer.
            if (passed)
            {
                return Refused;
            }

            if (line == "pass")
            {
                passed = true;
            }
            else if (ParseStrike(line) is { } strike && strikes.Count < StrikesMax)
            {
                strikes.Add(strike);
            }
            else
            {
                return Refused;
            }
        }

        return !passed ? Refused : new GuardAnswer(strikes.Count == 0 ? GuardDecision.Pass : GuardDecision.Strike, strikes.ToImmutable());
    }

    private static Strike? ParseStrike(string line)
    {
        if (!line.StartsWith("strike ", StringComparison.Ordinal))
        {
            return null;
        }

        // A file's name may hold spaces; the two numbers are the last words.
        var last = line.LastIndexOf(' ');
        var before = last > 0 ? line.LastIndexOf(' ', last - 1) : -1;
        return before > 7
            && long.TryParse(line.AsSpan(before + 1, last - before - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var offset)
            && long.TryParse(line.AsSpan(last + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var length)
            ? new Strike(line[7..before], offset, length)
            : null;
    }
}
