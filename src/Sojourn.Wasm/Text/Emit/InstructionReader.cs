using System.Numerics;
using Sojourn.Wasm.Text.Instructions;
using Sojourn.Wasm.Text.Lexing;

namespace Sojourn.Wasm.Text.Emit;

/// <summary>Reads instructions, plain and folded (6.5 "Instructions"), and writes their bytes.</summary>
/// <remarks>Folded instructions are kept on a stack of their own, so that nesting costs heap, not the thread's stack.</remarks>
internal sealed class InstructionReader(TokenCursor cursor, ModuleSpaces spaces, TypeReader types, WatOptions options)
{
    private enum FrameKind
    {
        /// <summary>The expression itself.</summary>
        Root,

        /// <summary>A folded plain instruction: its bytes wait until its operands are written.</summary>
        Plain,

        /// <summary>A folded block, loop or try_table.</summary>
        FoldedBlock,

        /// <summary>A folded if before <c>(then</c>.</summary>
        FoldedCondition,
        FoldedThen,
        FoldedAfterThen,
        FoldedElse,
        FoldedAfterElse,

        /// <summary>An unfolded block, loop or try_table, ended by <c>end</c>.</summary>
        Block,
        If,
        Else,
    }

    private readonly record struct Frame(FrameKind Kind, int Pending, string? Label);

    private readonly Stack<Frame> frames = new();
    private readonly BinaryBuffer pending = new();
    private readonly BinaryBuffer scratch = new();
    private readonly List<string?> labels = [];

    /// <summary>The locals of the function whose body is read.</summary>
    public IndexSpace Locals { get; set; } = new("local");

    /// <summary>Whether an instruction named a data segment, so that the data count section is needed.</summary>
    public bool UsesDataCount { get; private set; }

    /// <summary>Reads instructions up to the parenthesis that closes what holds them, and writes the final <c>end</c>.</summary>
    public void Expression(BinaryBuffer into)
    {
        Read(into, single: false);
        into.Byte(0x0B);
    }

    /// <summary>Reads one folded instruction and writes it with a final <c>end</c>.</summary>
    public void FoldedExpression(BinaryBuffer into)
    {
        if (cursor.Current.Kind != TokenKind.Open)
        {
            throw cursor.Unexpected("an instruction in parentheses");
        }

        Read(into, single: true);
        into.Byte(0x0B);
    }

    private void Read(BinaryBuffer into, bool single)
    {
        frames.Clear();
        labels.Clear();
        pending.Truncate(0);
        frames.Push(new Frame(FrameKind.Root, 0, null));
        labels.Add(null);
        while (true)
        {
            switch (cursor.Current.Kind)
            {
                case TokenKind.Open:
                    Opening(into);
                    break;
                case TokenKind.Close:
                    if (frames.Peek().Kind == FrameKind.Root)
                    {
                        return;
                    }

                    Closing(into);
                    if (single && frames.Count == 1)
                    {
                        return;
                    }

                    break;
                case TokenKind.Instruction when TakesPlain(frames.Peek().Kind):
                    Plain(into);
                    break;
                default:
                    throw cursor.Unexpected("an instruction or ')'");
            }
        }
    }

    private static bool TakesPlain(FrameKind kind) =>
        kind is FrameKind.Root or FrameKind.FoldedBlock or FrameKind.FoldedThen or FrameKind.FoldedElse or FrameKind.Block or FrameKind.If or FrameKind.Else;

    private void Opening(BinaryBuffer into)
    {
        var top = frames.Peek();
        var next = cursor.Peek(1);
        if (top.Kind == FrameKind.FoldedCondition && next.Keyword == Keyword.Then)
        {
            cursor.At += 2;
            frames.Pop();
            Release(into, top.Pending);
            frames.Push(top with { Kind = FrameKind.FoldedThen });
            labels.Add(top.Label);
            return;
        }

        if (next.Kind != TokenKind.Instruction)
        {
            cursor.At++;
            throw cursor.Unexpected("an instruction");
        }

        var instruction = InstructionTable.All[next.Value];
        if (top.Kind is FrameKind.FoldedAfterThen or FrameKind.FoldedAfterElse)
        {
            if (top.Kind != FrameKind.FoldedAfterThen || instruction.Immediate != Immediate.Else)
            {
                throw cursor.Unexpected(top.Kind == FrameKind.FoldedAfterThen ? "(else …) or ')'" : "')'");
            }

            cursor.At += 2;
            into.Byte(0x05);
            frames.Pop();
            frames.Push(top with { Kind = FrameKind.FoldedElse });
            return;
        }

        cursor.At += 2;
        switch (instruction.Immediate)
        {
            case Immediate.Block or Immediate.TryTable:
                var label = Header(into, instruction);
                labels.Add(label);
                frames.Push(new Frame(FrameKind.FoldedBlock, 0, label));
                break;
            case Immediate.If:
                var start = into.Length;
                var ifLabel = Header(into, instruction);
                frames.Push(new Frame(FrameKind.FoldedCondition, Withhold(into, start), ifLabel));
                break;
            case Immediate.Else or Immediate.End:
                cursor.At--;
                throw cursor.Unexpected("an instruction");
            default:
                var from = into.Length;
                Write(into, instruction);
                frames.Push(new Frame(FrameKind.Plain, Withhold(into, from), null));
                break;
        }
    }

    private void Closing(BinaryBuffer into)
    {
        var top = frames.Peek();
        switch (top.Kind)
        {
            case FrameKind.Plain:
                Release(into, top.Pending);
                frames.Pop();
                break;
            case FrameKind.FoldedThen:
                frames.Pop();
                frames.Push(top with { Kind = FrameKind.FoldedAfterThen });
                break;
            case FrameKind.FoldedElse:
                frames.Pop();
                frames.Push(top with { Kind = FrameKind.FoldedAfterElse });
                break;
            case FrameKind.FoldedBlock or FrameKind.FoldedAfterThen or FrameKind.FoldedAfterElse:
                into.Byte(0x0B);
                labels.RemoveAt(labels.Count - 1);
                frames.Pop();
                break;
            default:
                throw cursor.Unexpected(top.Kind == FrameKind.FoldedCondition ? "(then …)" : "'end'");
        }

        cursor.At++;
    }

    /// <summary>Moves bytes written since <paramref name="start"/> to where they wait.</summary>
    private int Withhold(BinaryBuffer into, int start)
    {
        var place = pending.Length;
        pending.Append(into.Written[start..]);
        into.Truncate(start);
        return place;
    }

    private void Release(BinaryBuffer into, int place)
    {
        into.Append(pending.Written[place..]);
        pending.Truncate(place);
    }

    private void Plain(BinaryBuffer into)
    {
        var instruction = InstructionTable.All[cursor.Take().Value];
        switch (instruction.Immediate)
        {
            case Immediate.Block or Immediate.TryTable or Immediate.If:
                var label = Header(into, instruction);
                labels.Add(label);
                frames.Push(new Frame(instruction.Immediate == Immediate.If ? FrameKind.If : FrameKind.Block, 0, label));
                break;
            case Immediate.Else:
                if (frames.Peek().Kind != FrameKind.If)
                {
                    cursor.At--;
                    throw cursor.Unexpected("an instruction");
                }

                var opened = frames.Pop();
                RepeatedLabel(opened.Label);
                into.Byte(0x05);
                frames.Push(opened with { Kind = FrameKind.Else });
                break;
            case Immediate.End:
                if (frames.Peek().Kind is not (FrameKind.Block or FrameKind.If or FrameKind.Else))
                {
                    cursor.At--;
                    throw cursor.Unexpected("an instruction or ')'");
                }

                RepeatedLabel(frames.Pop().Label);
                labels.RemoveAt(labels.Count - 1);
                into.Byte(0x0B);
                break;
            default:
                Write(into, instruction);
                break;
        }
    }

    private void RepeatedLabel(string? label)
    {
        var token = cursor.Current;
        if (cursor.TryId() is { } repeated && repeated != label)
        {
            throw cursor.Source.Error(TextFault.MismatchingLabel, token.Start, $"mismatching label ${repeated}");
        }
    }

    /// <summary>Writes the opcode and type of a block; gives its label.</summary>
    private string? Header(BinaryBuffer into, Instruction instruction)
    {
        var label = cursor.TryId();
        into.Byte(instruction.Code);
        BlockType(into);
        if (instruction.Immediate == Immediate.TryTable)
        {
            Catches(into);
        }

        return label;
    }

    private void BlockType(BinaryBuffer into)
    {
        if (cursor.Opens(Keyword.Type))
        {
            into.S64((uint)types.Use(null));
            return;
        }

        var shape = types.Function(null);
        if (shape is { Parameters: 0, Results: 0 })
        {
            into.Byte(0x40);
        }
        else if (shape is { Parameters: 0, Results: 1 })
        {
            into.Append(shape.Encoded.AsSpan(2));
        }
        else
        {
            into.S64(spaces.Types.Intern(shape));
        }
    }

    private void Catches(BinaryBuffer into)
    {
        var count = 0;
        scratch.Truncate(0);
        while (cursor.Current.Kind == TokenKind.Open && cursor.Peek(1).Keyword is >= Keyword.Catch and <= Keyword.CatchAllRef)
        {
            cursor.Take();
            var kind = cursor.Take().Keyword;
            scratch.Byte(kind - Keyword.Catch);
            if (kind is Keyword.Catch or Keyword.CatchRef)
            {
                scratch.U32(cursor.Index(spaces.Tags));
            }

            scratch.U32(Label());
            cursor.Close();
            count++;
        }

        into.U32(count);
        into.Append(scratch.Written);
    }

    private int Label()
    {
        if (cursor.Current.Kind != TokenKind.Id)
        {
            return unchecked((int)(uint)cursor.Natural(32));
        }

        var token = cursor.Take();
        var name = cursor.NameOf(token);
        for (var i = labels.Count - 1; i >= 0; i--)
        {
            if (labels[i] == name)
            {
                return labels.Count - 1 - i;
            }
        }

        throw cursor.Source.Error(TextFault.UnknownIdentifier, token.Start, $"unknown label ${name}");
    }

    private void Opcode(BinaryBuffer into, Instruction instruction, int more = 0)
    {
        if (instruction.Prefix != 0)
        {
            into.Byte(instruction.Prefix);
            into.U32(instruction.Code + more);
        }
        else
        {
            into.Byte(instruction.Code + more);
        }
    }

    private void Write(BinaryBuffer into, Instruction instruction)
    {
        switch (instruction.Immediate)
        {
            case Immediate.Select:
                Select(into);
                return;
            case Immediate.ReferenceType:
                scratch.Truncate(0);
                Opcode(into, instruction, types.ReferenceParts(scratch) ? 1 : 0);
                into.Append(scratch.Written);
                return;
            default:
                Opcode(into, instruction);
                break;
        }

        switch (instruction.Immediate)
        {
            case Immediate.None:
                break;
            case Immediate.Label:
                into.U32(Label());
                break;
            case Immediate.LabelTable:
                LabelTable(into);
                break;
            case Immediate.Function:
                into.U32(cursor.Index(spaces.Functions));
                break;
            case Immediate.CallIndirect:
                var table = OptionalIndex(spaces.Tables);
                into.U32(types.Use(null));
                into.U32(table);
                break;
            case Immediate.Type:
                into.U32(cursor.Index(spaces.Types.Names));
                break;
            case Immediate.Local:
                into.U32(cursor.Index(Locals));
                break;
            case Immediate.Global:
                into.U32(cursor.Index(spaces.Globals));
                break;
            case Immediate.Tag:
                into.U32(cursor.Index(spaces.Tags));
                break;
            case Immediate.Table:
                into.U32(OptionalIndex(spaces.Tables));
                break;
            case Immediate.Memory:
                into.U32(OptionalIndex(spaces.Memories));
                break;
            case Immediate.TableInit:
                SegmentAndPlace(into, spaces.Elements, spaces.Tables);
                break;
            case Immediate.MemoryInit:
                UsesDataCount = true;
                SegmentAndPlace(into, spaces.Data, spaces.Memories);
                break;
            case Immediate.TableCopy:
                Pair(into, spaces.Tables);
                break;
            case Immediate.MemoryCopy:
                Pair(into, spaces.Memories);
                break;
            case Immediate.ElementSegment:
                into.U32(cursor.Index(spaces.Elements));
                break;
            case Immediate.DataSegment:
                UsesDataCount = true;
                into.U32(cursor.Index(spaces.Data));
                break;
            case Immediate.MemoryArgument:
                MemoryArgument(into, instruction);
                break;
            case Immediate.MemoryArgumentLane:
                MemoryArgument(into, instruction);
                into.Byte(Lane());
                break;
            case Immediate.I32:
                into.S64(unchecked((int)(uint)Integer(32)));
                break;
            case Immediate.I64:
                into.S64(unchecked((long)Integer(64)));
                break;
            case Immediate.F32:
                into.Fixed32((uint)Float(false));
                break;
            case Immediate.F64:
                into.Fixed64(Float(true));
                break;
            case Immediate.V128:
                Constants.Vector(cursor, into);
                break;
            case Immediate.Shuffle:
                Shuffle(into);
                break;
            case Immediate.Lane:
                into.Byte(Lane());
                break;
            case Immediate.HeapType:
                types.Heap(into);
                break;
            case Immediate.BranchOnCast:
                BranchOnCast(into);
                break;
            case Immediate.Field:
                Field(into);
                break;
            case Immediate.TypeCount:
                into.U32(cursor.Index(spaces.Types.Names));
                into.U64(cursor.Natural(32));
                break;
            case Immediate.TypeData:
                UsesDataCount = true;
                into.U32(cursor.Index(spaces.Types.Names));
                into.U32(cursor.Index(spaces.Data));
                break;
            case Immediate.TypeElement:
                into.U32(cursor.Index(spaces.Types.Names));
                into.U32(cursor.Index(spaces.Elements));
                break;
            case Immediate.TypeType:
                into.U32(cursor.Index(spaces.Types.Names));
                into.U32(cursor.Index(spaces.Types.Names));
                break;
            default:
                throw new InvalidOperationException($"{instruction.Name} is not a plain instruction.");
        }
    }

    private void Select(BinaryBuffer into)
    {
        if (!cursor.Opens(Keyword.Result))
        {
            into.Byte(0x1B);
            return;
        }

        var count = 0;
        scratch.Truncate(0);
        while (cursor.TryOpen(Keyword.Result))
        {
            while (cursor.Current.Kind != TokenKind.Close)
            {
                types.Value(scratch);
                count++;
            }

            cursor.Close();
        }

        into.Byte(0x1C);
        into.U32(count);
        into.Append(scratch.Written);
    }

    private void LabelTable(BinaryBuffer into)
    {
        scratch.Truncate(0);
        var last = Label();
        var count = 0;
        while (cursor.IsIndex)
        {
            scratch.U32(last);
            last = Label();
            count++;
        }

        into.U32(count);
        into.Append(scratch.Written);
        into.U32(last);
    }

    private int OptionalIndex(IndexSpace space) => cursor.IsIndex ? cursor.Index(space) : 0;

    /// <summary><c>place? segment</c> in the text, segment then place in bytes.</summary>
    private void SegmentAndPlace(BinaryBuffer into, IndexSpace segments, IndexSpace places)
    {
        var place = 0;
        if (IsIndex(cursor.Peek(1)))
        {
            place = cursor.Index(places);
        }

        into.U32(cursor.Index(segments));
        into.U32(place);
    }

    private bool IsIndex(Token token) => token.Kind == TokenKind.Id || (token.Kind == TokenKind.Number && NumberSyntax.IsNatural(cursor.Source.Of(token)));

    private void Pair(BinaryBuffer into, IndexSpace space)
    {
        if (cursor.IsIndex)
        {
            into.U32(cursor.Index(space));
            into.U32(cursor.Index(space));
        }
        else
        {
            into.U32(0);
            into.U32(0);
        }
    }

    private void MemoryArgument(BinaryBuffer into, Instruction instruction)
    {
        // In front of a lane, a lone number is the lane.
        var memory = 0;
        if (cursor.Current.Kind == TokenKind.Id
            || (cursor.IsNatural && (instruction.Immediate != Immediate.MemoryArgumentLane
                || cursor.Peek(1).Kind is TokenKind.Number or TokenKind.OffsetEquals or TokenKind.AlignEquals)))
        {
            memory = cursor.Index(spaces.Memories);
        }

        ulong offset = 0;
        if (cursor.Current.Kind == TokenKind.OffsetEquals)
        {
            var token = cursor.Take();
            if (!NumberLiteral.TryNatural(cursor.Source.Of(token)[7..], out offset) || (!options.WideLimits && offset > uint.MaxValue))
            {
                throw cursor.Source.Error(TextFault.ConstantOutOfRange, token.Start, $"{(options.WideLimits ? "i64" : "i32")} constant out of range: {cursor.Source.TextOf(token)}");
            }
        }

        int alignment = instruction.NaturalAlignment;
        if (cursor.Current.Kind == TokenKind.AlignEquals)
        {
            var token = cursor.Take();
            if (!NumberLiteral.TryNatural(cursor.Source.Of(token)[6..], out var align) || !BitOperations.IsPow2(align))
            {
                throw cursor.Source.Error(TextFault.Alignment, token.Start, "alignment must be a power of two");
            }

            alignment = BitOperations.Log2(align);
        }

        into.U32(alignment | (memory == 0 ? 0 : 0x40));
        if (memory != 0)
        {
            into.U32(memory);
        }

        into.U64(offset);
    }

    private int Lane()
    {
        var token = cursor.Current;
        if (!cursor.IsNatural)
        {
            throw token.Kind == TokenKind.Number
                ? cursor.Error(TextFault.LaneIndex, $"malformed lane index {cursor.Source.TextOf(token)}: unexpected token")
                : cursor.Unexpected("a lane index");
        }

        cursor.Take();
        return NumberLiteral.TryNatural(cursor.Source.Of(token), out var lane) && lane <= 0xFF
            ? (int)lane
            : throw cursor.Source.Error(TextFault.LaneIndex, token.Start, $"malformed lane index {cursor.Source.TextOf(token)}");
    }

    private void Shuffle(BinaryBuffer into)
    {
        for (var i = 0; i < 16; i++)
        {
            if (cursor.Current.Kind != TokenKind.Number)
            {
                throw cursor.Error(TextFault.LaneCount, $"invalid lane length: {i} lane indices, expected 16");
            }

            into.Byte(Lane());
        }

        if (cursor.Current.Kind == TokenKind.Number)
        {
            throw cursor.Error(TextFault.LaneCount, "invalid lane length: more than 16 lane indices");
        }
    }

    private void BranchOnCast(BinaryBuffer into)
    {
        scratch.Truncate(0);
        var label = Label();
        var from = types.ReferenceParts(scratch);
        var to = types.ReferenceParts(scratch);
        into.Byte((from ? 1 : 0) | (to ? 2 : 0));
        into.U32(label);
        into.Append(scratch.Written);
    }

    private void Field(BinaryBuffer into)
    {
        var type = cursor.Index(spaces.Types.Names);
        into.U32(type);
        into.U32(cursor.Index(spaces.Types.FieldsOf(type) ?? new IndexSpace("field")));
    }

    private ulong Integer(int bits) => Constants.Integer(cursor, bits);

    private ulong Float(bool wide) => Constants.Float(cursor, wide);
}
