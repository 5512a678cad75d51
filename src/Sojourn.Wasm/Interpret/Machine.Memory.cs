using System.Buffers.Binary;
using System.Runtime.Intrinsics;
using Sojourn.Wasm.Model;

namespace Sojourn.Wasm.Interpret;

/// <content>Linear memory (4.4.7 "Memory Instructions").</content>
internal sealed unsafe partial class Machine
{
    private bool TryMemory(in Instruction instruction)
    {
        switch (instruction.Opcode)
        {
            case Opcode.MemorySize:
                PushAddress(instance.Memories[instruction.Index], (long)instance.Memories[instruction.Index].Pages);
                return true;
            case Opcode.MemoryGrow:
                var grown = instance.Memories[instruction.Index];
                PushAddress(grown, grown.Grow(Pop().Low));
                return true;
            case Opcode.MemoryFill:
                var fillCount = Pop().Low;
                var value = (byte)Pop().Low;
                Bytes(instance.Memories[instruction.Index], Pop().Low, fillCount).Fill(value);
                return true;
            case Opcode.MemoryCopy:
                var count = Pop().Low;
                var from = Bytes(instance.Memories[instruction.Index2], Pop().Low, count);
                from.CopyTo(Bytes(instance.Memories[instruction.Index], Pop().Low, count));
                return true;
            case Opcode.MemoryInit:
                var length = Pop().Low;
                var source = Pop().Low;
                instance.InitializeMemory(instruction.Index, instruction.Index2, Pop().Low, source, length);
                return true;
            case Opcode.DataDrop:
                instance.DroppedData[instruction.Index] = true;
                return true;
            default:
                if (instruction.Info.Immediates is not (ImmediateKind.MemoryArgument or ImmediateKind.MemoryArgumentLane))
                {
                    return false;
                }

                if (instruction.Info.Signature.EndsWith(':'))
                {
                    StoreValue(instruction);
                }
                else
                {
                    LoadValue(instruction);
                }

                return true;
        }
    }

    private void PushAddress(Memory memory, long value) => Push(memory.Type.Limits.Is64Bit ? new Slot { I64 = value } : new Slot { I32 = (int)value });

    /// <summary>A range of a memory, or a trap. Ranges beyond 2 GiB are refused by the limits on stores long before.</summary>
    private static Span<byte> Bytes(Memory memory, ulong address, ulong count)
    {
        var length = memory.ByteLength;
        if (address > length || count > length - address)
        {
            throw new TrapException(TrapKind.MemoryOutOfBounds);
        }

        return count <= int.MaxValue
            ? new Span<byte>(memory.Base + address, (int)count)
            : throw new TrapException(TrapKind.ResourceExhausted, "the interpreter moves at most 2 GiB at once");
    }

    private Span<byte> Access(in Instruction instruction, ulong address, int width)
    {
        var memory = instance.Memories[instruction.Index];
        var effective = address + (ulong)instruction.Constant;
        return effective >= address ? Bytes(memory, effective, (ulong)width) : throw new TrapException(TrapKind.MemoryOutOfBounds);
    }

    private static ulong Read(ReadOnlySpan<byte> bytes)
    {
        ulong value = 0;
        for (var i = bytes.Length - 1; i >= 0; i--)
        {
            value = (value << 8) | bytes[i];
        }

        return value;
    }

    private static void Write(Span<byte> bytes, ulong value)
    {
        for (var i = 0; i < bytes.Length; i++)
        {
            bytes[i] = (byte)(value >> (8 * i));
        }
    }

    private void LoadValue(in Instruction instruction)
    {
        var width = 1 << instruction.Info.Natural;
        if (instruction.Info.Immediates == ImmediateKind.MemoryArgumentLane)
        {
            var vector = Pop().V128;
            var lane = Access(instruction, Pop().Low, width);
            Push(new Slot { V128 = ReplaceBytes(vector, instruction.Lane * width, lane) });
            return;
        }

        var bytes = Access(instruction, Pop().Low, width);
        var value = width <= 8 ? Read(bytes) : 0;
        Push(instruction.Opcode switch
        {
            Opcode.I32Load8S => new Slot { I32 = (sbyte)value },
            Opcode.I32Load16S => new Slot { I32 = (short)value },
            Opcode.I64Load8S => new Slot { I64 = (sbyte)value },
            Opcode.I64Load16S => new Slot { I64 = (short)value },
            Opcode.I64Load32S => new Slot { I64 = (int)value },
            Opcode.V128Load => new Slot { V128 = Vector128.Create((ReadOnlySpan<byte>)bytes) },
            Opcode.V128Load8x8S => new Slot { V128 = Lanes.Widen<sbyte, short>(Low(value), 0, x => x) },
            Opcode.V128Load8x8U => new Slot { V128 = Lanes.Widen<byte, ushort>(Low(value), 0, x => x) },
            Opcode.V128Load16x4S => new Slot { V128 = Lanes.Widen<short, int>(Low(value), 0, x => x) },
            Opcode.V128Load16x4U => new Slot { V128 = Lanes.Widen<ushort, uint>(Low(value), 0, x => x) },
            Opcode.V128Load32x2S => new Slot { V128 = Lanes.Widen<int, long>(Low(value), 0, x => x) },
            Opcode.V128Load32x2U => new Slot { V128 = Lanes.Widen<uint, ulong>(Low(value), 0, x => x) },
            Opcode.V128Load8Splat => new Slot { V128 = Lanes.Splat((byte)value) },
            Opcode.V128Load16Splat => new Slot { V128 = Lanes.Splat((ushort)value) },
            Opcode.V128Load32Splat => new Slot { V128 = Lanes.Splat((uint)value) },
            Opcode.V128Load64Splat => new Slot { V128 = Lanes.Splat(value) },
            _ => new Slot { Low = value },
        });
    }

    private void StoreValue(in Instruction instruction)
    {
        var width = 1 << instruction.Info.Natural;
        var value = Pop();
        var bytes = Access(instruction, Pop().Low, width);
        if (instruction.Info.Immediates == ImmediateKind.MemoryArgumentLane)
        {
            Span<byte> lanes = stackalloc byte[16];
            value.V128.CopyTo(lanes);
            lanes.Slice(instruction.Lane * width, width).CopyTo(bytes);
        }
        else if (width == 16)
        {
            value.V128.CopyTo(bytes);
        }
        else
        {
            Write(bytes, value.Low);
        }
    }

    private static Vector128<byte> Low(ulong value) => Vector128.Create(value, 0).AsByte();

    private static Vector128<byte> ReplaceBytes(Vector128<byte> vector, int at, ReadOnlySpan<byte> bytes)
    {
        for (var i = 0; i < bytes.Length; i++)
        {
            vector = vector.WithElement(at + i, bytes[i]);
        }

        return vector;
    }
}
