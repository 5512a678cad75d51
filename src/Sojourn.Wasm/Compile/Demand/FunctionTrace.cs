using System.Runtime.Intrinsics;
using Sojourn.Wasm.Decode;
using Sojourn.Wasm.Model;

namespace Sojourn.Wasm.Compile.Demand;

/// <summary>Reads a function into steps over numbered values, forward and once.</summary>
internal sealed class FunctionTrace
{
    // What a step may look at in sum, so that a hostile function does not make the analysis quadratic.
    private const int WorkPerByteMax = 64;
    private readonly ModuleDefinition module;
    private readonly FunctionBody body;
    private readonly WasmFeatures features;
    private readonly List<int> stack = [];
    private readonly List<Block> open = [];
    private readonly List<byte> marks = [];
    private readonly Dictionary<int, long> constants = [];
    private long work;
    private bool reachable = true;
    private int skipped;

    private FunctionTrace(ModuleDefinition module, FunctionBody body, WasmFeatures features)
    {
        this.module = module;
        this.body = body;
        this.features = features;
        work = 4096 + ((long)WorkPerByteMax * body.CodeLength);
        IsInlinable = MayBeInlined(body);
    }

    public List<Step> Steps { get; } = [];

    public List<LoadSite> Loads { get; } = [];

    /// <summary>Offsets of stores whose value the platform's compiler might know.</summary>
    public HashSet<int> ConstantStores { get; } = [];

    public List<Block> Blocks { get; } = [];

    public int ValueCount => marks.Count;

    /// <summary>Whether the platform's compiler may inline this function, so that its caller decides what becomes of the result.</summary>
    public bool IsInlinable { get; }

    /// <summary>Reads a function.</summary>
    /// <returns>The trace, or null where the function has instructions that the analysis does not follow.</returns>
    public static FunctionTrace? Of(ModuleDefinition module, int functionIndex, WasmFeatures features)
    {
        var trace = new FunctionTrace(module, module.Functions[functionIndex].Body!, features);
        return trace.Read(module.FunctionTypeOf(functionIndex)) ? trace : null;
    }

    /// <summary>Whether the platform's compiler may inline a function of ours: longer ones are marked so that it does not.</summary>
    public static bool MayBeInlined(FunctionBody body) => body.CodeLength <= InlinedBytesMax;

    private const int InlinedBytesMax = 100;

    public bool TryConstant(int value, out long constant)
    {
        constant = 0;
        return value >= 0 && constants.TryGetValue(value, out constant);
    }

    /// <summary>Whether the platform's compiler might know the value.</summary>
    public bool MayBeKnown(int value) => (marks[value] & Known) != 0;

    /// <summary>Whether a branch may drop the value from the stack.</summary>
    public bool MayBeDropped(int value) => (marks[value] & Dropped) != 0;

    private const byte Known = 1;
    private const byte Dropped = 2;

    private bool Read(FunctionType type)
    {
        Open(Opcode.Block, 0, type.Results.Length);
        var reader = new InstructionReader(module.Bytes.Span, body.CodeOffset, body.CodeLength, features);
        while (open.Count > 0)
        {
            reader.Read(out var instruction);
            if (!reachable)
            {
                Skip(in instruction);
            }
            else if (!Follow(in instruction) || work < 0)
            {
                return false;
            }
        }

        return true;
    }

    private void Skip(in Instruction instruction)
    {
        switch (instruction.Opcode)
        {
            case Opcode.Block or Opcode.Loop or Opcode.If or Opcode.TryTable:
                skipped++;
                break;
            case Opcode.Else when skipped == 0:
                Else();
                break;
            case Opcode.End when skipped > 0:
                skipped--;
                break;
            case Opcode.End:
                End();
                break;
        }
    }

    private bool Follow(in Instruction instruction)
    {
        var info = instruction.Info;
        switch (instruction.Opcode)
        {
            case Opcode.Nop:
                return true;
            case Opcode.Unreachable:
                Leave();
                return true;
            case Opcode.Block or Opcode.Loop or Opcode.If:
                Enter(in instruction);
                return true;
            case Opcode.Else:
                Else();
                return true;
            case Opcode.End:
                End();
                return true;
            case Opcode.Br:
                Branch(instruction.Index);
                return true;
            case Opcode.Return:
                Branch(open.Count - 1);
                return true;
            case Opcode.BrIf:
                BranchIf(instruction.Index);
                return true;
            case Opcode.BrTable:
                BranchTable(instruction.Labels!);
                return true;
            case Opcode.Call:
                Effect(in instruction);
                Call(module.FunctionTypeOf(instruction.Index), instruction.Index);
                return true;
            case Opcode.CallIndirect:
                Need(Pop());
                Effect(in instruction);
                Call(module.Types[instruction.Index].Function!, -1);
                return true;
            case Opcode.ReturnCall:
                Effect(in instruction);
                Call(module.FunctionTypeOf(instruction.Index), instruction.Index);
                Leave();
                return true;
            case Opcode.ReturnCallIndirect:
                Need(Pop());
                Effect(in instruction);
                Call(module.Types[instruction.Index].Function!, -1);
                Leave();
                return true;
            case Opcode.LocalGet:
                Steps.Add(new(StepKind.Get, Result: Push(Known), Index: instruction.Index));
                return true;
            case Opcode.LocalSet:
                Steps.Add(new(StepKind.Set, A: Pop(), Index: instruction.Index));
                return true;
            case Opcode.LocalTee:
                var written = Pop();
                Steps.Add(new(StepKind.Set, Result: Push(marks[written]), A: written, Index: instruction.Index));
                return true;
            case Opcode.GlobalSet or Opcode.MemoryGrow or Opcode.TableGet:
                Need(Pop());
                Effect(in instruction);
                if (instruction.Opcode != Opcode.GlobalSet)
                {
                    Push(0);
                }

                return true;
            case Opcode.GlobalGet or Opcode.MemorySize or Opcode.TableSize or Opcode.RefNull or Opcode.RefFunc:
                Push(0);
                return true;
            case Opcode.RefIsNull:
                Pop();
                Push(0);
                return true;
            case Opcode.Drop:
                Pop();
                return true;
            case Opcode.TableSet or Opcode.TableGrow:
                NeedAll(2);
                Effect(in instruction);
                if (instruction.Opcode == Opcode.TableGrow)
                {
                    Push(0);
                }

                return true;
            case Opcode.DataDrop or Opcode.ElemDrop:
                Effect(in instruction);
                return true;
            case Opcode.MemoryInit or Opcode.MemoryCopy or Opcode.MemoryFill or Opcode.TableInit or Opcode.TableCopy or Opcode.TableFill:
                NeedAll(3);
                Effect(in instruction);
                return true;
            case Opcode.Select or Opcode.SelectTyped:
                var chosen = Pop();
                var second = Pop();
                var first = Pop();
                Steps.Add(new(StepKind.Compute, Opcode.Select, Push(Known), first, second, chosen));
                return true;
        }

        return info.Signature[0] != '*' && Compute(in instruction);
    }

    private bool Compute(in Instruction instruction)
    {
        var info = instruction.Info;
        var colon = info.Signature.IndexOf(':', StringComparison.Ordinal);
        var (a, b, c) = (-1, -1, -1);
        if (colon == 3)
        {
            c = Pop();
        }

        if (colon >= 2)
        {
            b = Pop();
        }

        if (colon >= 1)
        {
            a = Pop();
        }

        var access = info.Immediates is ImmediateKind.MemoryArgument or ImmediateKind.MemoryArgumentLane;
        if (access)
        {
            Need(a);
        }

        if (colon + 1 == info.Signature.Length)
        {
            Steps.Add(new(StepKind.Compute, instruction.Opcode, -1, a, b, c, instruction.Lane));
            Effect(in instruction);
            if (access && MayBeKnown(b))
            {
                ConstantStores.Add(instruction.Offset);
            }

            return true;
        }

        byte mark = 0;
        if (!access)
        {
            mark = (byte)(Known & (a < 0 ? Known : marks[a]) & (b < 0 ? Known : marks[b]) & (c < 0 ? Known : marks[c]));
        }

        var result = Push(mark);
        if (colon == 0)
        {
            constants.Add(result, instruction.Opcode == Opcode.V128Const ? instruction.Vector.AsInt64()[1] : instruction.Constant);
            return true;
        }

        var index = instruction.Opcode switch
        {
            Opcode.I8x16Shuffle => LastBytesTaken(in instruction),
            (>= Opcode.I32Or and <= Opcode.I32Rotr) or (>= Opcode.I64Or and <= Opcode.I64Rotr) => instruction.Offset,
            _ => instruction.Lane,
        };
        if (access)
        {
            Steps.Add(new(StepKind.Load, instruction.Opcode, result, a, b, c, Loads.Count));
            Loads.Add(new(instruction.Offset, instruction.Opcode, 1 << info.Natural));
            if (b >= 0)
            {
                // The vector that a lane is loaded into: all of it but the lane.
                Steps.Add(new(StepKind.Compute, instruction.Opcode, result, b, Index: index));
            }

            return true;
        }

        Steps.Add(new(StepKind.Compute, instruction.Opcode, result, a, b, c, index));
        return true;
    }

    // Bit 0: the last byte of the first operand is among the lanes; bit 1: that of the second.
    private static int LastBytesTaken(in Instruction instruction)
    {
        var taken = 0;
        for (var i = 0; i < 16; i++)
        {
            taken |= instruction.Vector[i] == 15 ? 1 : instruction.Vector[i] == 31 ? 2 : 0;
        }

        return taken;
    }

    private int Push(byte mark)
    {
        marks.Add(mark);
        stack.Add(marks.Count - 1);
        return marks.Count - 1;
    }

    private int Pop()
    {
        var value = stack[^1];
        stack.RemoveAt(stack.Count - 1);
        return value;
    }

    // What the host or other code can see. Which of 62 bits stands for it is not important: alike things have the same.
    private void Effect(in Instruction instruction)
    {
        var kind = unchecked(((uint)instruction.Opcode * 0x9E3779B1u) ^ ((uint)instruction.Index * 0x85EBCA77u) ^ ((uint)instruction.Constant * 0xC2B2AE3Du));
        Steps.Add(new(StepKind.Effect, Index: (int)((kind ^ (kind >> 15)) % 62)));
    }

    private void Need(int value) => Steps.Add(new(StepKind.Need, A: value));

    private void NeedAll(int count)
    {
        for (var i = 0; i < count; i++)
        {
            Need(Pop());
        }
    }

    private void Call(FunctionType type, int callee)
    {
        var inlined = callee >= module.ImportedFunctions && MayBeInlined(module.Functions[callee].Body!);
        for (var i = 0; i < type.Parameters.Length; i++)
        {
            Steps.Add(new(inlined ? StepKind.Narrow : StepKind.Need, A: Pop()));
        }

        if (inlined)
        {
            // It may turn out never to return.
            DropFrom(0);
            Steps.Add(new(StepKind.Doubt));
        }

        foreach (var _ in type.Results)
        {
            Push(0);
        }
    }

    private void Leave()
    {
        DropFrom(0);
        Steps.Add(new(StepKind.Leave));
        reachable = false;
    }

    // What a branch may drop: all above a height but the values that it takes along.
    private void DropFrom(int height, int kept = 0)
    {
        work -= stack.Count - height;
        for (var i = height; i < stack.Count - kept; i++)
        {
            marks[stack[i]] |= Dropped;
        }
    }

    private Block Open(Opcode opcode, int start, int end)
    {
        var block = new Block(Blocks.Count, opcode, stack.Count - start, start, end) { EndValues = new int[end] };
        for (var i = 0; i < end; i++)
        {
            marks.Add(Known);
            block.EndValues[i] = marks.Count - 1;
        }

        Blocks.Add(block);
        open.Add(block);
        return block;
    }

    private void Enter(in Instruction instruction)
    {
        var decider = instruction.Opcode == Opcode.If ? Pop() : -1;
        var (start, end) = (0, instruction.Block.IsEmpty ? 0 : 1);
        if (instruction.Block.IsTypeIndex)
        {
            var type = module.Types[instruction.Block.TypeIndex].Function!;
            (start, end) = (type.Parameters.Length, type.Results.Length);
        }

        // Parameters of blocks are rare: what becomes of them is not followed.
        for (var i = stack.Count - start; i < stack.Count; i++)
        {
            Steps.Add(new(StepKind.Narrow, A: stack[i]));
            marks.Add(Known);
            stack[i] = marks.Count - 1;
        }

        var block = Open(instruction.Opcode, start, end);
        if (instruction.Opcode is Opcode.Loop or Opcode.If)
        {
            Steps.Add(new(instruction.Opcode == Opcode.Loop ? StepKind.Loop : StepKind.If, A: decider, Index: block.Id));
        }
    }

    private void Else()
    {
        var block = open[^1];
        if (reachable)
        {
            JoinTop(block);
        }

        block.HasElse = true;
        Steps.Add(new(StepKind.Else, Index: block.Id));
        Restart(block, block.StartCount);
        reachable = true;
    }

    private void End()
    {
        var block = open[^1];
        open.RemoveAt(open.Count - 1);
        if (reachable)
        {
            JoinTop(block);
            block.HasExit = true;
        }

        var results = block.EndCount;
        if (block.Opcode == Opcode.If && !block.HasElse)
        {
            // The false edge hands the parameters on, which were marked when the block began.
            reachable = true;
        }

        reachable |= block.IsTarget && block.Opcode != Opcode.Loop;
        Steps.Add(new(StepKind.End, Index: block.Id));
        if (open.Count == 0)
        {
            Return(block);
            return;
        }

        Restart(block, 0);
        for (var i = 0; i < results; i++)
        {
            stack.Add(block.EndValues[i]);
        }
    }

    private void Restart(Block block, int fresh)
    {
        stack.RemoveRange(block.Height, stack.Count - block.Height);
        for (var i = 0; i < fresh; i++)
        {
            Push(Known);
        }
    }

    // Read backwards, these stand before everything that joins them.
    private void Return(Block block)
    {
        for (var i = 0; i < block.EndCount; i++)
        {
            Steps.Add(new(i == 0 && IsInlinable ? StepKind.Narrow : StepKind.Need, A: block.EndValues[i]));
        }
    }

    private void JoinTop(Block block)
    {
        for (var i = 0; i < block.EndCount; i++)
        {
            Steps.Add(new(StepKind.Join, Result: block.EndValues[i], A: stack[stack.Count - block.EndCount + i]));
        }
    }

    private Block Target(int depth)
    {
        var target = open[open.Count - 1 - depth];
        target.IsTarget = true;
        work -= depth;
        for (var i = open.Count - depth; i < open.Count; i++)
        {
            open[i].HasExit = true;
        }

        return target;
    }

    private void Branch(int depth)
    {
        var target = Target(depth);
        DropFrom(target.Height, Pass(target, StepKind.Join));
        Steps.Add(new(StepKind.Branch, Index: target.Id));
        reachable = false;
    }

    private void BranchIf(int depth)
    {
        var target = Target(depth);
        var decider = Pop();
        DropFrom(target.Height, Pass(target, StepKind.Fork));
        Steps.Add(new(StepKind.BranchIf, A: decider, Index: target.Id));
    }

    private void BranchTable(int[] labels)
    {
        var index = Pop();
        work -= labels.Length;
        var seen = new HashSet<int>();
        foreach (var depth in labels)
        {
            if (seen.Add(depth))
            {
                var target = Target(depth);
                DropFrom(target.Height, Pass(target, StepKind.Narrow));
                Steps.Add(new(StepKind.BranchIf, Index: target.Id));
            }
        }

        // Read backwards this comes first: nothing else follows. Bits beyond the table choose the default.
        var (first, other) = (open[open.Count - 1 - labels[0]], open[open.Count - 1 - labels[^1]]);
        Steps.Add(new(StepKind.Table, A: index, B: first.Id, C: System.Numerics.BitOperations.Log2((uint)labels.Length) + 1, Index: other.Id));
        reachable = false;
    }

    // Values that a branch takes along.
    private int Pass(Block target, StepKind kind)
    {
        var count = target.Opcode == Opcode.Loop ? target.StartCount : target.EndCount;
        work -= count;
        for (var i = 0; i < count; i++)
        {
            var at = stack.Count - count + i;
            if (target.Opcode == Opcode.Loop || kind == StepKind.Narrow)
            {
                Steps.Add(new(StepKind.Narrow, A: stack[at]));
            }
            else if (kind == StepKind.Join)
            {
                Steps.Add(new(StepKind.Join, Result: target.EndValues[i], A: stack[at]));
            }
            else
            {
                marks.Add(marks[stack[at]]);
                Steps.Add(new(StepKind.Fork, Result: marks.Count - 1, A: stack[at], B: target.EndValues[i]));
                stack[at] = marks.Count - 1;
            }
        }

        return count;
    }

    /// <summary>A block of the function.</summary>
    internal sealed class Block(int id, Opcode opcode, int height, int startCount, int endCount)
    {
        public int Id { get; } = id;

        public Opcode Opcode { get; } = opcode;

        public int Height { get; } = height;

        public int StartCount { get; } = startCount;

        public int EndCount { get; } = endCount;

        public required int[] EndValues { get; init; }

        public bool HasElse { get; set; }

        public bool IsTarget { get; set; }

        /// <summary>Whether anything leaves it: a loop that nothing leaves has nothing after it.</summary>
        public bool HasExit { get; set; }
    }
}

/// <summary>A load of a function.</summary>
/// <param name="Offset">Where the instruction is in the module.</param>
/// <param name="Opcode">The instruction.</param>
/// <param name="Width">Bytes.</param>
internal readonly record struct LoadSite(int Offset, Opcode Opcode, int Width);
