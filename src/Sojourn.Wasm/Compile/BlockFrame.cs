using Sojourn.Wasm.Compile.Il;
using Sojourn.Wasm.Model;

namespace Sojourn.Wasm.Compile;

/// <summary>One open block. Between blocks IL's evaluation stack holds only what the innermost block has pushed: the rest waits in locals.</summary>
internal sealed class BlockFrame
{
    public required Opcode Opcode { get; set; }

    public required WasmType[] Start { get; init; }

    public required WasmType[] End { get; init; }

    /// <summary>Height of the type stack below the block's parameters.</summary>
    public required int Height { get; init; }

    /// <summary>How many blocks are around it.</summary>
    public required int Depth { get; init; }

    /// <summary>Where branches go: the start of a loop, the end of others.</summary>
    public required IlLabel Label { get; init; }

    public IlLabel Else { get; set; }

    public bool IsLabelUsed { get; set; }

    /// <summary>Locals of parameters (loops, ifs), or empty.</summary>
    public int[] StartLocals { get; set; } = [];

    /// <summary>Locals of results, once a branch or the end needs them.</summary>
    public int[]? EndLocals { get; set; }

    /// <summary>Locals of what the enclosing block had on the stack.</summary>
    public int[] Spilled { get; set; } = [];

    public IlType[] SpilledTypes { get; set; } = [];

    /// <summary>The protected region of a try_table.</summary>
    public TryRegion? Try { get; set; }

    public WasmType[] LabelTypes => Opcode == Opcode.Loop ? Start : End;
}
