using System.Text;

namespace Sojourn.Cli.Output;

/// <summary>Makes untrusted text (names in directories, error texts of peers) safe to print on a terminal.</summary>
internal static class TerminalText
{
    /// <summary>Replaces control characters, which could move the cursor, hide text or change colours, by visible escapes.</summary>
    public static string Safe(string text)
    {
        if (!text.Any(Unsafe))
        {
            return text;
        }

        var safe = new StringBuilder(text.Length + 8);
        foreach (var c in text)
        {
            if (Unsafe(c))
            {
                safe.Append(c switch { '\n' => "\\n", '\r' => "\\r", '\t' => "\\t", _ => $"\\u{(int)c:x4}" });
            }
            else
            {
                safe.Append(c);
            }
        }

        return safe.ToString();
    }

    // Besides C0 and C1, the bidirectional overrides: they show a name in another order than it has.
    private static bool Unsafe(char c) => char.IsControl(c) || c is '\u2028' or '\u2029' or (>= '\u202A' and <= '\u202E') or (>= '\u2066' and <= '\u2069');
}
