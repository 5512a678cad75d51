using Sojourn.Wasm.Model;

namespace Sojourn.Wasm.Compile.Demand;

internal enum StepKind : byte
{
    /// <summary>An instruction computes <see cref="Step.Result"/> of its operands.</summary>
    Compute,

    /// <summary>A load number <see cref="Step.Index"/> of the function.</summary>
    Load,

    /// <summary>A local is read.</summary>
    Get,

    /// <summary>A local is written; a tee also gives <see cref="Step.Result"/>.</summary>
    Set,

    /// <summary>The whole operand is certainly needed.</summary>
    Need,

    /// <summary>The operand may go where only a part of it is needed.</summary>
    Narrow,

    /// <summary>The operand becomes a result of a block.</summary>
    Join,

    /// <summary>The operand becomes a result of a block or stays, as a branch decides.</summary>
    Fork,

    /// <summary>Something happens that can be seen; what kind of thing, is bit <see cref="Step.Index"/>.</summary>
    Effect,

    /// <summary>What follows may never be reached.</summary>
    Doubt,

    /// <summary>Nothing follows.</summary>
    Leave,

    /// <summary>Only the label follows.</summary>
    Branch,

    /// <summary>The label may follow: the operand decides, where there is one.</summary>
    BranchIf,

    /// <summary>The operand chooses a label: <see cref="Step.B"/> the first, <see cref="Step.Index"/> for all values of more than <see cref="Step.C"/> bits.</summary>
    Table,

    /// <summary>A block ends; branches to it come here.</summary>
    End,

    /// <summary>A loop begins; branches to it come here.</summary>
    Loop,

    /// <summary>The two arms of an if.</summary>
    If,
    Else,
}

/// <summary>One step of a function as the analysis of demand sees it: operands are numbers of values, -1 where there is none.</summary>
/// <param name="Kind">What happens.</param>
/// <param name="Opcode">The instruction.</param>
/// <param name="Result">The value that is made.</param>
/// <param name="A">The first operand.</param>
/// <param name="B">The second.</param>
/// <param name="C">The third.</param>
/// <param name="Index">A local, block, load, lane or what else <paramref name="Kind"/> says.</param>
internal readonly record struct Step(StepKind Kind, Opcode Opcode = default, int Result = -1, int A = -1, int B = -1, int C = -1, int Index = -1);
