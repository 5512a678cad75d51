using Sojourn.Wasm.Model;

namespace Sojourn.Wasm.Fuel;

/// <summary>Finds the quiet loops of a function while it is read once: see <see cref="FuelPlan"/>.</summary>
internal sealed class QuietLoops
{
    // Loops that are open, from the outermost; those below the mark are not quiet.
    private readonly List<int> open = [];
    private readonly HashSet<int> found = [];

    // Quiet loops in the outermost open one that may yet be quiet as a whole: they are not the outermost then.
    private readonly Stack<(int Depth, int Start)> candidates = new();
    private int loud;
    private bool none;

    /// <summary>The quiet loops found, by their offsets.</summary>
    public IReadOnlySet<int> Found => none ? new HashSet<int>() : found;

    /// <summary>A loop begins.</summary>
    public void Begin(int offset) => open.Add(offset);

    /// <summary>The innermost loop ends.</summary>
    public void End()
    {
        var depth = open.Count - 1;
        var start = open[depth];
        open.RemoveAt(depth);
        if (loud > depth)
        {
            // It is not quiet, but those it holds may be.
            loud = depth;
            while (candidates.TryPeek(out var inner) && inner.Depth > depth)
            {
                found.Add(candidates.Pop().Start);
            }
        }
        else
        {
            while (candidates.TryPeek(out var inner) && inner.Depth > depth)
            {
                candidates.Pop();
            }

            if (depth == 0)
            {
                found.Add(start);
            }
            else
            {
                candidates.Push((depth, start));
            }
        }
    }

    /// <summary>An instruction is read.</summary>
    public void Note(Opcode opcode)
    {
        none |= opcode == Opcode.TryTable;
        if (IsLoud(opcode))
        {
            loud = open.Count;
        }
    }

    // What changes the fuel by itself, or may.
    private static bool IsLoud(Opcode opcode) => ((int)opcode >> 16) switch
    {
        0 => opcode is (>= Opcode.Call and <= Opcode.ReturnCallRef) or Opcode.MemoryGrow or Opcode.Throw or Opcode.ThrowRef or Opcode.BrOnNull or Opcode.BrOnNonNull,
        0xFC => ((int)opcode & 0xFFFF) > 7,
        0xFD => false,
        _ => true,
    };
}
