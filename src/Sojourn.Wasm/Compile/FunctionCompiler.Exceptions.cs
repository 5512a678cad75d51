using System.Reflection.Emit;
using Sojourn.Wasm.Compile.Il;
using Sojourn.Wasm.Compile.Support;
using Sojourn.Wasm.Interpret;
using Sojourn.Wasm.Model;
using Sojourn.Wasm.Run;

namespace Sojourn.Wasm.Compile;

/// <summary>Exceptions become the platform's: a <c>try_table</c> is a protected region, and every branch out of it leaves the region.</summary>
internal sealed partial class FunctionCompiler
{
    private readonly List<TryRegion> regions = [];
    private int openRegions;

    private void EnterTry(in Instruction instruction, BlockFrame frame)
    {
        var region = new TryRegion(il.DefineLabel(), il.DefineLabel(), il.DefineLabel(), instruction.Catches!, frames.Count - 1);
        if (plan is not null)
        {
            region.Depth = NewLocal(IlType.Int64);
            LoadBlockField(StoreBlock.DepthOffset);
            il.StoreLocal(region.Depth);
        }

        frame.Try = region;
        openRegions++;
        il.Mark(region.Start);
    }

    // The region's body has ended; IL's stack is empty and results are in locals. Handlers stand between the body and what follows.
    private void EndTry(BlockFrame frame)
    {
        var region = frame.Try!;
        if (reachable)
        {
            frame.IsLabelUsed = true;
            il.Branch(OpCodes.Leave, frame.Label);
        }
        else
        {
            // A region may not end in nothing.
            il.Emit(OpCodes.Ldnull);
            il.Emit(OpCodes.Throw);
        }

        openRegions--;
        il.Mark(region.Handler);
        var caught = NewLocal(IlType.Object);
        il.StoreLocal(caught);
        if (plan is not null)
        {
            LoadBlockAddress(StoreBlock.DepthOffset);
            il.LoadLocal(region.Depth);
            il.Emit(OpCodes.Stind_I8);
        }

        foreach (var clause in region.Clauses)
        {
            var next = il.DefineLabel();
            il.LoadLocal(caught);
            il.LoadInt32(clause.Tag);
            il.LoadArgument(ContextArgument);
            Call(typeof(GuestOperations), nameof(GuestOperations.Catches));
            il.Branch(OpCodes.Brfalse, next);
            var target = frames[region.Outer - clause.Label];
            var places = LabelLocals(target);
            for (var i = 0; i < places.Length; i++)
            {
                if ((clause.Kind & 1) != 0 && i == places.Length - 1)
                {
                    il.LoadLocal(caught);
                    Call(typeof(GuestOperations), nameof(GuestOperations.ThrownOf));
                }
                else
                {
                    TakeStaged(module.Types[module.Tags[clause.Tag]].Function!.Parameters[i]);
                }

                il.StoreLocal(places[i]);
            }

            target.IsLabelUsed = true;
            il.Branch(OpCodes.Leave, target.Label);
            il.Mark(next);
        }

        il.Emit(OpCodes.Rethrow);
        il.Mark(region.End);
        regions.Add(region);
    }

    private void ThrowException(in Instruction instruction)
    {
        var operands = instruction.Opcode == Opcode.ThrowRef ? 1 : module.Types[module.Tags[instruction.Index]].Function!.Parameters.Length;
        Perform(in instruction, operands, null);
        il.Emit(OpCodes.Ldnull);
        il.Emit(OpCodes.Throw);
        reachable = false;
    }

    /// <summary>A branch to a block's label, whatever regions lie between; values are in the label's locals.</summary>
    private void Jump(BlockFrame target)
    {
        target.IsLabelUsed = true;
        il.Branch(Leaves(target) ? OpCodes.Leave : OpCodes.Br, LabelOf(target));
    }

    // A label of a try_table lies outside of its own region.
    private bool Leaves(BlockFrame target)
    {
        if (openRegions == 0)
        {
            return false;
        }

        for (var i = frames.Count - 1; i >= 0; i--)
        {
            if (frames[i].Try is not null)
            {
                return true;
            }

            if (ReferenceEquals(frames[i], target))
            {
                return false;
            }
        }

        return false;
    }

    private IlRegion[] Regions()
    {
        var result = new IlRegion[regions.Count];
        for (var i = 0; i < result.Length; i++)
        {
            var (start, handler, end) = (il.PositionOf(regions[i].Start), il.PositionOf(regions[i].Handler), il.PositionOf(regions[i].End));
            result[i] = new(start, handler - start, handler, end - handler, typeof(GuestException));
        }

        return result;
    }
}

/// <summary>A protected region: its labels, its clauses, and the frame that its labels count from.</summary>
internal sealed class TryRegion(IlLabel start, IlLabel handler, IlLabel end, CatchClause[] clauses, int outer)
{
    public IlLabel Start { get; } = start;

    public IlLabel Handler { get; } = handler;

    public IlLabel End { get; } = end;

    public CatchClause[] Clauses { get; } = clauses;

    public int Outer { get; } = outer;

    /// <summary>The local that holds the counted depth at the region's start.</summary>
    public int Depth { get; set; }
}
