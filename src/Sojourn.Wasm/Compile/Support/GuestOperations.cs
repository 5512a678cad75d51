using System.Runtime.Intrinsics;
using Sojourn.Wasm.Interpret;
using Sojourn.Wasm.Model;
using Sojourn.Wasm.Run;

namespace Sojourn.Wasm.Compile.Support;

/// <summary>Instructions on the guest's heap and on exceptions, which compiled code performs through a stage: operands go in from the top, the result comes out.</summary>
internal static class GuestOperations
{
    public static void StageI32(int value, nint context) => Stage(context).Push(new Slot { I32 = value });

    public static void StageI64(long value, nint context) => Stage(context).Push(new Slot { I64 = value });

    public static void StageF32(float value, nint context) => Stage(context).Push(new Slot { F32 = value });

    public static void StageF64(double value, nint context) => Stage(context).Push(new Slot { F64 = value });

    public static void StageV128(Vector128<byte> value, nint context) => Stage(context).Push(new Slot { V128 = value });

    public static void StageFunction(nint value, nint context) => Stage(context).Push(new Slot { Reference = Instance.FromContext(context).Store.FunctionOf(value) });

    public static void StageObject(object? value, nint context) => Stage(context).Push(new Slot { Reference = value });

    public static int TakeI32(nint context) => Stage(context).Pop().I32;

    public static long TakeI64(nint context) => Stage(context).Pop().I64;

    public static float TakeF32(nint context) => Stage(context).Pop().F32;

    public static double TakeF64(nint context) => Stage(context).Pop().F64;

    public static Vector128<byte> TakeV128(nint context) => Stage(context).Pop().V128;

    public static nint TakeFunction(nint context) => ((Function?)Stage(context).Pop().Reference)?.Record ?? 0;

    public static object? TakeObject(nint context) => Stage(context).Pop().Reference;

    /// <summary>Performs an instruction whose first operand is on top of the stage.</summary>
    public static void Perform(nint context, int opcode, int index, int other)
    {
        var instance = Instance.FromContext(context);
        var stage = instance.Store.Stage;
        switch ((Opcode)opcode)
        {
            case Opcode.Throw:
                var payload = new Slot[instance.Module.Definition.Types[instance.Module.Definition.Tags[index]].Function!.Parameters.Length];
                Fill(stage, payload);
                throw new GuestException(GuestHeap.Exception(instance, index, payload));
            case Opcode.ThrowRef:
                throw new GuestException(NotNull<ExceptionObject>(stage.Pop()));
            case Opcode.RefEq:
                var left = stage.Pop().Reference;
                stage.Push(new Slot { Flag = Equals(left, stage.Pop().Reference) });
                break;
            case Opcode.RefTest or Opcode.RefTestNull:
                stage.Push(new Slot { Flag = Fits(instance, stage.Pop().Reference, index, other) });
                break;
            case Opcode.RefCast or Opcode.RefCastNull:
                if (!Fits(instance, stage.Peek().Reference, index, other))
                {
                    throw new TrapException(TrapKind.CastFailure);
                }

                break;
            case Opcode.RefI31:
                stage.Push(new Slot { Reference = GuestHeap.I31(instance, stage.Pop().U32) });
                break;
            case Opcode.I31GetS:
                stage.Push(new Slot { I32 = NotNull<I31Object>(stage.Pop()).Signed });
                break;
            case Opcode.I31GetU:
                stage.Push(new Slot { U32 = NotNull<I31Object>(stage.Pop()).Value });
                break;
            case <= Opcode.StructSet:
                Structures(instance, stage, (Opcode)opcode, index, other);
                break;
            default:
                Arrays(instance, stage, (Opcode)opcode, index, other);
                break;
        }
    }

    /// <summary>Puts what a caught exception carries on the stage, if it has that tag; a negative tag fits all and gives nothing.</summary>
    public static bool Catches(GuestException caught, int tag, nint context)
    {
        var instance = Instance.FromContext(context);
        var stage = instance.Store.Stage;
        stage.Clear();
        if (tag < 0)
        {
            return true;
        }

        if (!ReferenceEquals(caught.Thrown.Tag, instance.Tags[tag]))
        {
            return false;
        }

        for (var i = caught.Thrown.Payload.Length - 1; i >= 0; i--)
        {
            stage.Push(caught.Thrown.Payload[i]);
        }

        return true;
    }

    public static object ThrownOf(GuestException caught) => caught.Thrown;

    private static Stack<Slot> Stage(nint context) => Instance.FromContext(context).Store.Stage;

    private static void Fill(Stack<Slot> stage, Slot[] slots)
    {
        for (var i = 0; i < slots.Length; i++)
        {
            slots[i] = stage.Pop();
        }
    }

    private static T NotNull<T>(Slot slot)
        where T : class => slot.Reference as T ?? throw new TrapException(TrapKind.NullReference);

    private static bool Fits(Instance instance, object? reference, int heap, int nullable) =>
        GuestTypes.Fits(instance.Store, reference, TypeRegistry.Translate(WasmType.Reference(new HeapType(heap), nullable != 0), instance.TypeIdentities));

    private static void Structures(Instance instance, Stack<Slot> stage, Opcode opcode, int index, int field)
    {
        var fields = instance.Module.Definition.Types[index].Struct!.Fields;
        switch (opcode)
        {
            case Opcode.StructNew or Opcode.StructNewDefault:
                var slots = new Slot[fields.Length];
                if (opcode == Opcode.StructNew)
                {
                    Fill(stage, slots);
                }

                stage.Push(new Slot { Reference = GuestHeap.Struct(instance, index, slots) });
                break;
            case Opcode.StructSet:
                var target = stage.Pop();
                var value = GuestHeap.Pack(stage.Pop(), fields[field].Packed);
                NotNull<StructObject>(target).Fields[field] = value;
                break;
            default:
                var read = NotNull<StructObject>(stage.Pop()).Fields[field];
                stage.Push(opcode == Opcode.StructGetS ? GuestHeap.SignExtend(read, fields[field].Packed) : read);
                break;
        }
    }

    private static void Arrays(Instance instance, Stack<Slot> stage, Opcode opcode, int index, int other)
    {
        Slot Next() => stage.Pop();
        switch (opcode)
        {
            case Opcode.ArrayNew:
                var initial = Next();
                var length = Next().U32;
                Push(GuestHeap.Fill(GuestHeap.Array(instance, index, length), 0, length, initial));
                break;
            case Opcode.ArrayNewDefault:
                Push(GuestHeap.Array(instance, index, Next().U32));
                break;
            case Opcode.ArrayNewFixed:
                var made = GuestHeap.Array(instance, index, (uint)other);
                for (var i = 0; i < other; i++)
                {
                    made[i] = Next();
                }

                Push(made);
                break;
            case Opcode.ArrayNewData:
                var dataFrom = Next().U32;
                Push(GuestHeap.FromData(instance, index, other, dataFrom, Next().U32));
                break;
            case Opcode.ArrayNewElem:
                var elementsFrom = Next().U32;
                Push(GuestHeap.FromElements(instance, index, other, elementsFrom, Next().U32));
                break;
            case Opcode.ArrayGet or Opcode.ArrayGetS or Opcode.ArrayGetU:
                var source = NotNull<ArrayObject>(Next());
                var at = Next().U32;
                GuestHeap.Check(source, at, 1);
                stage.Push(opcode == Opcode.ArrayGetS ? GuestHeap.SignExtend(source[(int)at], source.Element.Packed) : source[(int)at]);
                break;
            case Opcode.ArraySet:
                var target = NotNull<ArrayObject>(Next());
                var setAt = Next().U32;
                GuestHeap.Fill(target, setAt, 1, Next());
                break;
            case Opcode.ArrayLen:
                stage.Push(new Slot { I32 = NotNull<ArrayObject>(Next()).Length });
                break;
            case Opcode.ArrayFill:
                var filled = NotNull<ArrayObject>(Next());
                var fillAt = Next().U32;
                var fill = Next();
                GuestHeap.Fill(filled, fillAt, Next().U32, fill);
                break;
            case Opcode.ArrayCopy:
                var to = NotNull<ArrayObject>(Next());
                var toAt = Next().U32;
                var from = GuestHeap.Source(Next().Reference);
                var fromAt = Next().U32;
                Copy(to, toAt, from, fromAt, Next().U32);
                break;
            case Opcode.ArrayInitData:
                var bytes = NotNull<ArrayObject>(Next());
                var bytesAt = Next().U32;
                var bytesFrom = Next().U32;
                GuestHeap.InitializeFromData(instance, bytes, bytesAt, other, bytesFrom, Next().U32);
                break;
            default:
                var elements = NotNull<ArrayObject>(Next());
                var elementsAt = Next().U32;
                var from2 = Next().U32;
                GuestHeap.InitializeFromElements(instance, elements, elementsAt, other, from2, Next().U32);
                break;
        }

        void Push(ArrayObject array) => stage.Push(new Slot { Reference = array });
    }

    private static void Copy(ArrayObject to, uint toAt, ArrayObject from, uint fromAt, uint count)
    {
        GuestHeap.Check(from, fromAt, count);
        GuestHeap.Check(to, toAt, count);
        if (from.Element.Type.IsReference)
        {
            from.References.Slice((int)fromAt, (int)count).CopyTo(to.References[(int)toAt..]);
            return;
        }

        var size = from.Element.Size;
        from.Data.Slice((int)fromAt * size, (int)count * size).CopyTo(to.Data[((int)toAt * size)..]);
    }
}
