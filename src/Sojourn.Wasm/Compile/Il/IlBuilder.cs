using System.Buffers.Binary;
using System.Reflection.Emit;

namespace Sojourn.Wasm.Compile.Il;

/// <summary>A place in a method that branches go to.</summary>
internal readonly record struct IlLabel(int Id);

/// <summary>Writes the IL of one method in its smallest encodings: the platform's compiler gives up optimising past 60,000 bytes of it.</summary>
internal sealed class IlBuilder
{
    private readonly List<int> labels = [];
    private readonly List<BranchSite> branches = [];
    private readonly List<SwitchTable> switches = [];
    private byte[] code = new byte[1024];
    private int length;
    private int[] positions = [];
    private Func<int, int>? moved;

    /// <summary>Bytes written so far, all branches counted long.</summary>
    public int Length => length;

    /// <summary>Instructions written so far.</summary>
    public int Instructions { get; private set; }

    /// <summary>Instructions that name a local or an argument: the platform's compiler counts them too.</summary>
    public int References { get; private set; }

    /// <summary>Whether one long instruction is better than two short ones.</summary>
    public bool PrefersFewInstructions { get; set; }

    public void Reset()
    {
        labels.Clear();
        branches.Clear();
        switches.Clear();
        length = 0;
        Instructions = 0;
        References = 0;
    }

    public IlLabel DefineLabel()
    {
        labels.Add(-1);
        return new(labels.Count - 1);
    }

    public void Mark(IlLabel label) => labels[label.Id] = length;

    public void Emit(OpCode opcode)
    {
        Instructions++;
        var value = (ushort)opcode.Value;
        if (opcode.Size == 2)
        {
            Byte((byte)(value >> 8));
        }

        Byte((byte)value);
    }

    public void Token(OpCode opcode, int token)
    {
        Emit(opcode);
        Int32(token);
    }

    public void LoadInt32(int value)
    {
        if (value is >= -1 and <= 8)
        {
            Instructions++;
            Byte((byte)(0x16 + value));
        }
        else if (value is >= sbyte.MinValue and <= sbyte.MaxValue)
        {
            Emit(OpCodes.Ldc_I4_S);
            Byte((byte)value);
        }
        else
        {
            Emit(OpCodes.Ldc_I4);
            Int32(value);
        }
    }

    public void LoadInt64(long value)
    {
        if (!PrefersFewInstructions && value is >= int.MinValue and <= int.MaxValue)
        {
            LoadInt32((int)value);
            Emit(OpCodes.Conv_I8);
        }
        else if (!PrefersFewInstructions && value is >= 0 and <= uint.MaxValue)
        {
            LoadInt32((int)(uint)value);
            Emit(OpCodes.Conv_U8);
        }
        else
        {
            Emit(OpCodes.Ldc_I8);
            Reserve(8);
            BinaryPrimitives.WriteInt64LittleEndian(code.AsSpan(length), value);
            length += 8;
        }
    }

    /// <summary>An integer that is added to a native one: of an int32 IL's add takes the sign along by itself.</summary>
    public void AddNative(long value)
    {
        if (value is >= int.MinValue and <= int.MaxValue)
        {
            LoadInt32((int)value);
        }
        else
        {
            LoadInt64(value);
            Emit(OpCodes.Conv_I);
        }

        Emit(OpCodes.Add);
    }

    /// <summary>A native integer.</summary>
    public void LoadNative(long value)
    {
        if (value is >= int.MinValue and <= int.MaxValue)
        {
            LoadInt32((int)value);
            Emit(OpCodes.Conv_I);
        }
        else
        {
            LoadInt64(value);
            Emit(OpCodes.Conv_I);
        }
    }

    public void LoadSingle(float value)
    {
        Emit(OpCodes.Ldc_R4);
        Int32(BitConverter.SingleToInt32Bits(value));
    }

    public void LoadDouble(double value)
    {
        Emit(OpCodes.Ldc_R8);
        Reserve(8);
        BinaryPrimitives.WriteDoubleLittleEndian(code.AsSpan(length), value);
        length += 8;
    }

    public void LoadLocal(int index) => Slot(index, 0x06, 0x11, 0x0C);

    public void StoreLocal(int index) => Slot(index, 0x0A, 0x13, 0x0E);

    public void LoadLocalAddress(int index) => Slot(index, -1, 0x12, 0x0D);

    public void LoadArgument(int index) => Slot(index, 0x02, 0x0E, 0x09);

    public void StoreArgument(int index) => Slot(index, -1, 0x10, 0x0B);

    /// <summary>A branch, written by its long opcode; it becomes short where it can.</summary>
    public void Branch(OpCode longForm, IlLabel target)
    {
        Instructions++;
        branches.Add(new(length, target.Id));
        Byte((byte)longForm.Value);
        Int32(0);
    }

    public void Switch(ReadOnlySpan<IlLabel> targets)
    {
        Emit(OpCodes.Switch);
        Int32(targets.Length);
        var ids = new int[targets.Length];
        for (var i = 0; i < ids.Length; i++)
        {
            ids[i] = targets[i].Id;
        }

        switches.Add(new(length, ids));
        Reserve(4 * ids.Length);
        length += 4 * ids.Length;
    }

    /// <summary>Where a marked label came to lie in the code that was last finished.</summary>
    public int OffsetOf(IlLabel label) => moved!(label.Id);

    /// <summary>Where a label is in the finished code.</summary>
    public int PositionOf(IlLabel label) => positions[label.Id];

    /// <summary>The finished code.</summary>
    public byte[] Finish()
    {
        var isShort = new bool[branches.Count];
        Array.Fill(isShort, true);
        var shortBefore = new int[branches.Count + 1];
        var firstBranchAfter = LabelRanks();
        for (var changed = true; changed;)
        {
            changed = false;
            for (var i = 0; i < branches.Count; i++)
            {
                shortBefore[i + 1] = shortBefore[i] + (isShort[i] ? 1 : 0);
            }

            for (var i = 0; i < branches.Count; i++)
            {
                if (isShort[i])
                {
                    var from = branches[i].At - (3 * shortBefore[i]) + 2;
                    var distance = Moved(branches[i].Target) - from;
                    if (distance is < sbyte.MinValue or > sbyte.MaxValue)
                    {
                        isShort[i] = false;
                        changed = true;
                    }
                }
            }
        }

        moved = Moved;
        positions = new int[labels.Count];
        for (var i = 0; i < positions.Length; i++)
        {
            positions[i] = labels[i] < 0 ? -1 : Moved(i);
        }

        return Copy(isShort, shortBefore);

        int Moved(int label) => labels[label] - (3 * shortBefore[firstBranchAfter[label]]);

        byte[] Copy(bool[] shortened, int[] before)
        {
            var result = new byte[length - (3 * before[branches.Count])];
            var from = 0;
            var to = 0;
            for (var i = 0; i < branches.Count; i++)
            {
                var branch = branches[i];
                code.AsSpan(from, branch.At - from).CopyTo(result.AsSpan(to));
                to += branch.At - from;
                var target = Moved(branch.Target);
                if (shortened[i])
                {
                    // The short form of every branch lies 13 below the long one; that of leave, one above.
                    result[to] = code[branch.At] == 0xDD ? (byte)0xDE : (byte)(code[branch.At] - 13);
                    result[to + 1] = (byte)(target - (to + 2));
                    to += 2;
                }
                else
                {
                    result[to] = code[branch.At];
                    BinaryPrimitives.WriteInt32LittleEndian(result.AsSpan(to + 1), target - (to + 5));
                    to += 5;
                }

                from = branch.At + 5;
            }

            code.AsSpan(from, length - from).CopyTo(result.AsSpan(to));
            WriteSwitches(result, before);
            return result;
        }

        void WriteSwitches(byte[] result, int[] before)
        {
            var next = 0;
            foreach (var table in switches)
            {
                while (next < branches.Count && branches[next].At < table.At)
                {
                    next++;
                }

                var at = table.At - (3 * before[next]);
                var end = at + (4 * table.Targets.Length);
                for (var i = 0; i < table.Targets.Length; i++)
                {
                    BinaryPrimitives.WriteInt32LittleEndian(result.AsSpan(at + (4 * i)), Moved(table.Targets[i]) - end);
                }
            }
        }
    }

    // For every label, how many branches lie before it.
    private int[] LabelRanks()
    {
        var ranks = new int[labels.Count];
        for (var i = 0; i < ranks.Length; i++)
        {
            var (low, high) = (0, branches.Count);
            while (low < high)
            {
                var middle = (low + high) / 2;
                if (branches[middle].At < labels[i])
                {
                    low = middle + 1;
                }
                else
                {
                    high = middle;
                }
            }

            ranks[i] = low;
        }

        return ranks;
    }

    private void Slot(int index, int tiny, int small, int large)
    {
        Instructions++;
        References++;
        if (tiny >= 0 && index < 4)
        {
            Byte((byte)(tiny + index));
        }
        else if (index < 256)
        {
            Byte((byte)small);
            Byte((byte)index);
        }
        else
        {
            Byte(0xFE);
            Byte((byte)large);
            Byte((byte)index);
            Byte((byte)(index >> 8));
        }
    }

    private void Byte(byte value)
    {
        Reserve(1);
        code[length++] = value;
    }

    private void Int32(int value)
    {
        Reserve(4);
        BinaryPrimitives.WriteInt32LittleEndian(code.AsSpan(length), value);
        length += 4;
    }

    private void Reserve(int bytes)
    {
        if (length + bytes > code.Length)
        {
            Array.Resize(ref code, Math.Max(code.Length * 2, length + bytes));
        }
    }

    private readonly record struct BranchSite(int At, int Target);

    private sealed record SwitchTable(int At, int[] Targets);
}
