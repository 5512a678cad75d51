using System.Text;
using Sojourn.Wasm;

namespace Sojourn.Cli.Wasm;

/// <summary>A trap as one message: its kind, and the guest's functions that were running.</summary>
internal static class TrapText
{
    private const int FramesShown = 8;

    public static string Describe(TrapException trap)
    {
        var text = new StringBuilder($"the program trapped: {trap.Message}");
        if (trap.Frames.Count > 0)
        {
            text.Append(" (in ");
            text.AppendJoin(" < ", trap.Frames.Take(FramesShown).Select(frame =>
                (frame.Name ?? $"function {frame.FunctionIndex}") + (frame.Source is { } source ? $" at {source}" : "") + (frame.Offset is { } offset ? $" [0x{offset:x}]" : "")));
            text.Append(trap.Frames.Count > FramesShown ? $" < {trap.Frames.Count - FramesShown} more)" : ")");
        }

        return text.ToString();
    }
}
