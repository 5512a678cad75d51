using System.Runtime.CompilerServices;
using Sojourn.Wasm.Fuel;
using Sojourn.Wasm.Model;
using Sojourn.Wasm.Run;

namespace Sojourn.Wasm.Interpret;

/// <summary>Runs one call from the host to its end: the stacks of the specification, written down as they are (4.2.12 "Stack").</summary>
/// <remarks>Locals and operands share one stack of values; labels and frames have stacks of their own. Calls between interpreted functions
/// do not nest on the thread's stack.</remarks>
internal sealed unsafe partial class Machine(Store store)
{
    /// <summary>A guess at what a frame of compiled code takes, so that both tiers allow recursion of like depth.</summary>
    private const int BytesPerFrame = 64;

    private const int SlotsMax = 1 << 21;

    /// <summary>Counts this thread's executed instructions by opcode, where a test asks how far its programs reach.</summary>
    [ThreadStatic]
    internal static long[]? Executed;

    private readonly List<Frame> frames = [];
    private readonly List<Label> labels = [];
    private readonly int framesMax = Math.Max(16, store.Options.StackBytesMax / BytesPerFrame);
    private Slot[] stack = new Slot[256];
    private int top;

    // The running frame, kept apart from the list for brevity.
    private Instance instance = null!;
    private Body body = null!;
    private int function;
    private int pc;
    private int locals;
    private int labelBase;

    /// <summary>What is needed to go on in a caller.</summary>
    private readonly record struct Frame(Instance Instance, Body Body, FuelPlan? Plan, int Function, int Pc, int Locals, int LabelBase);

    /// <summary>A block being executed.</summary>
    /// <param name="Continuation">Where a branch to it goes on.</param>
    /// <param name="Arity">The number of values a branch carries.</param>
    /// <param name="Height">The height of the value stack below them.</param>
    /// <param name="Try">The place of the try_table it stands for, or -1.</param>
    /// <param name="IsLoop">Whether the block is a loop, to whose head a branch goes.</param>
    private readonly record struct Label(int Continuation, int Arity, int Height, int Try, bool IsLoop = false);

    /// <summary>Calls a function and waits for its end.</summary>
    public void Run(Instance callee, int index, ReadOnlySpan<Value> arguments, Span<Value> results)
    {
        foreach (var argument in arguments)
        {
            Push(FromValue(argument));
        }

        try
        {
            Enter(callee, index);
            while (frames.Count > 0)
            {
                Guarded();
            }
        }
        catch (TrapException trap)
        {
            LosePortion(trap.Kind);
            trap.Frames = Backtrace();
            throw;
        }

        for (var i = 0; i < results.Length; i++)
        {
            results[i] = ToValue(stack[i], callee.Module.Definition.FunctionTypeOf(index).Results[i]);
        }
    }

    /// <summary>Executes until the last frame returns; an exception out of a host function goes on as the guest's.</summary>
    private void Guarded()
    {
        try
        {
            var executed = Executed;
            while (frames.Count > 0)
            {
                ref var instruction = ref body.Code[pc];
                if (executed is not null)
                {
                    executed[(int)instruction.Opcode]++;
                }

                Step(ref instruction);
            }
        }
        catch (GuestException thrown)
        {
            Unwind(thrown.Thrown);
        }
    }

    private List<TrapFrame> Backtrace()
    {
        const int Most = 64;
        var list = new List<TrapFrame>();
        if (body is not null)
        {
            list.Add(Describe(instance, body, function, pc));
        }

        for (var i = frames.Count - 1; i > 0 && list.Count < Most; i--)
        {
            list.Add(Describe(frames[i].Instance, frames[i].Body, frames[i].Function, frames[i].Pc));
        }

        return list;
    }

    // The program counter is already past the instruction.
    private static TrapFrame Describe(Instance instance, Body body, int function, int pc) =>
        Debug.TrapFrames.Describe(instance.Module, function, pc > 0 && pc <= body.Code.Length ? body.Code[pc - 1].Offset : null);

    private void Push(in Slot slot)
    {
        if (top == stack.Length)
        {
            if (top >= SlotsMax)
            {
                throw new TrapException(TrapKind.StackExhausted);
            }

            Array.Resize(ref stack, top * 2);
        }

        stack[top++] = slot;
    }

    private ref Slot Pop() => ref stack[--top];

    private void PushI32(int value) => Push(new Slot { I32 = value });

    private void PushReference(object? reference) => Push(new Slot { Reference = reference });

    /// <summary>Begins a function: its arguments are on the stack and become its first locals.</summary>
    private void Enter(Instance callee, int index)
    {
        var code = (InterpretedCode)callee.Module.Code;
        if (frames.Count >= framesMax && !code.IsMetered)
        {
            throw new TrapException(TrapKind.StackExhausted);
        }

        CheckInterrupt(callee);
        frames.Add(new(instance, body, plan, function, pc, locals, labelBase));
        EnterMetered(code, index);
        instance = callee;
        body = code.BodyOf(index);
        function = index;
        pc = 0;
        locals = top - body.Type.Parameters.Length;
        labelBase = labels.Count;
        for (var i = 0; i < body.Locals; i++)
        {
            Push(default);
        }

        labels.Add(new(body.Code.Length - 1, body.Type.Results.Length, top, -1));
    }

    /// <summary>Ends the running function with its results on top of the stack.</summary>
    private void Return()
    {
        Slide(body.Type.Results.Length, locals);
        Leave();
    }

    private void Leave()
    {
        LeaveMetered();
        labels.RemoveRange(labelBase, labels.Count - labelBase);
        var caller = frames[^1];
        frames.RemoveAt(frames.Count - 1);
        (instance, body, plan, function, pc, locals, labelBase) = caller;
        quiet = null;
    }

    /// <summary>Moves the top values down to a height and drops what lay between.</summary>
    private void Slide(int count, int height)
    {
        Array.Copy(stack, top - count, stack, height, count);
        Array.Clear(stack, height + count, top - height - count);
        top = height + count;
    }

    private void Branch(int depth)
    {
        var at = labels.Count - 1 - depth;
        if (at == labelBase)
        {
            Return();
            return;
        }

        var target = labels[at];
        Slide(target.Arity, target.Height);
        labels.RemoveRange(at, depth + 1);
        pc = target.Continuation;
        LeaveLoops();
        if (target.IsLoop)
        {
            CheckInterrupt(instance);
        }
        else
        {
            // What is behind a block's end begins a segment, however it is reached.
            ChargeAt(pc - 1);
        }
    }

    private void CheckInterrupt(Instance running)
    {
        if (store.IsInterrupted && running.Module.Options.Interruptible)
        {
            throw new TrapException(TrapKind.Interrupted);
        }
    }

    private (int Parameters, int Results) Arity(BlockType type)
    {
        if (!type.IsTypeIndex)
        {
            return (0, type.IsEmpty ? 0 : 1);
        }

        var signature = instance.Module.Definition.Types[type.TypeIndex].Function!;
        return (signature.Parameters.Length, signature.Results.Length);
    }

    /// <summary>Opens a block whose <c>end</c> is at <paramref name="end"/>; a branch goes on behind it.</summary>
    private void OpenBlock(in Instruction instruction, int end, int tryAt = -1)
    {
        var (parameters, results) = Arity(instruction.Block);
        labels.Add(new(end + 1, results, top - parameters, tryAt));
    }

    private void Step(ref Instruction instruction)
    {
        pc++;
        switch (instruction.Opcode)
        {
            case Opcode.Unreachable:
                throw new TrapException(TrapKind.Unreachable);
            case Opcode.Nop:
                break;
            case Opcode.Block:
                OpenBlock(instruction, body.Match[pc - 1]);
                break;
            case Opcode.TryTable:
                OpenBlock(instruction, body.Match[pc - 1], pc - 1);
                break;
            case Opcode.Loop:
                // A branch to a loop executes the loop instruction again, which opens the label anew.
                var (inputs, _) = Arity(instruction.Block);
                labels.Add(new(pc - 1, inputs, top - inputs, -1, IsLoop: true));
                EnterLoop(pc - 1);
                break;
            case Opcode.If:
                var otherwise = body.Match[pc - 1];
                var hasElse = body.Code[otherwise].Opcode == Opcode.Else;
                var condition = Pop().I32;
                OpenBlock(instruction, hasElse ? body.Match[otherwise] : otherwise);
                if (condition == 0)
                {
                    // Without an else the end follows, which closes the label.
                    pc = hasElse ? otherwise + 1 : otherwise;
                    if (hasElse)
                    {
                        ChargeAt(otherwise);
                    }
                }
                else
                {
                    ChargeAt(pc - 1);
                }

                break;
            case Opcode.Else:
                // Reached from the end of the then part: go to the end.
                pc = body.Match[pc - 1];
                break;
            case Opcode.End:
                if (labels.Count - 1 == labelBase)
                {
                    Return();
                }
                else
                {
                    labels.RemoveAt(labels.Count - 1);
                    LeaveLoops();
                    ChargeAt(pc - 1);
                }

                break;
            case Opcode.Br:
                Branch(instruction.Index);
                break;
            case Opcode.BrIf:
                if (Pop().I32 != 0)
                {
                    Branch(instruction.Index);
                }
                else
                {
                    ChargeAt(pc - 1);
                }

                break;
            case Opcode.BrTable:
                var choice = Pop().U32;
                var choices = instruction.Labels!;
                Branch(choices[Math.Min(choice, choices.Length - 1)]);
                break;
            case Opcode.Return:
                Return();
                break;
            case Opcode.Call:
                Call(instance.FunctionAt(instruction.Index));
                break;
            case Opcode.CallIndirect:
                Call(Indirect(instruction));
                break;
            case Opcode.CallRef:
                Call(NotNull<Function>());
                break;
            case Opcode.ReturnCall:
                TailCall(instance.FunctionAt(instruction.Index));
                break;
            case Opcode.ReturnCallIndirect:
                TailCall(Indirect(instruction));
                break;
            case Opcode.ReturnCallRef:
                TailCall(NotNull<Function>());
                break;
            case Opcode.Throw:
                var tag = instance.Tags[instruction.Index];
                var payload = stack.AsSpan(top - tag.Type.Payload.Parameters.Length, tag.Type.Payload.Parameters.Length).ToArray();
                Unwind(new(tag, payload));
                break;
            case Opcode.ThrowRef:
                Unwind(NotNull<ExceptionObject>());
                break;
            case Opcode.Drop:
                Pop();
                break;
            case Opcode.Select or Opcode.SelectTyped:
                var first = Pop().I32 != 0;
                var second = Pop();
                if (!first)
                {
                    stack[top - 1] = second;
                }

                break;
            case Opcode.LocalGet:
                Push(stack[locals + instruction.Index]);
                break;
            case Opcode.LocalSet:
                stack[locals + instruction.Index] = Pop();
                break;
            case Opcode.LocalTee:
                stack[locals + instruction.Index] = stack[top - 1];
                break;
            case Opcode.GlobalGet:
                Push(FromValue(instance.Globals[instruction.Index].Value));
                break;
            case Opcode.GlobalSet:
                var global = instance.Globals[instruction.Index];
                global.SetUnchecked(ToValue(Pop(), global.Type.Type));
                break;
            case Opcode.I32Const:
                PushI32((int)instruction.Constant);
                break;
            case Opcode.F32Const:
                Push(new Slot { Low = (uint)instruction.Constant });
                break;
            case Opcode.I64Const or Opcode.F64Const:
                Push(new Slot { I64 = instruction.Constant });
                break;
            case Opcode.V128Const:
                Push(new Slot { V128 = instruction.Vector });
                break;
            default:
                ChargeBulk(instruction.Opcode);
                if (!TryMemory(instruction) && !TryTable(instruction) && !TryReference(instruction) && !TryHeap(instruction))
                {
                    Numeric(instruction);
                }

                break;
        }
    }

    /// <summary>Takes the operands that the instruction's signature names, pushes its result.</summary>
    private void Numeric(in Instruction instruction)
    {
        var count = instruction.Info.Signature.IndexOf(':', StringComparison.Ordinal);
        Slot result;
        if (instruction.Opcode == Opcode.I8x16Shuffle)
        {
            var right = Pop().V128;
            var left = Pop().V128;
            result = new Slot { V128 = Lanes.Map<byte>(instruction.Vector, i => i < 16 ? left[i] : right[i - 16]) };
        }
        else
        {
            top -= count;
            ref var a = ref stack[top];
            ref var b = ref stack[top + Math.Min(1, count - 1)];
            ref var c = ref stack[top + count - 1];
            if (!ScalarOperations.TryCompute(instruction.Opcode, a, b, out result)
                && !VectorOperations.TryCompute(instruction.Opcode, a, b, c, instruction.Lane, out result))
            {
                throw new InvalidOperationException($"{instruction.Info.Name} is not interpreted.");
            }
        }

        Push(result);
    }

    private T NotNull<T>()
        where T : class => Pop().Reference as T ?? throw new TrapException(TrapKind.NullReference);

    private Function Indirect(in Instruction instruction)
    {
        var table = instance.Tables[instruction.Index2];
        var index = Pop().Low;
        if (index >= table.Length)
        {
            throw new TrapException(TrapKind.TableOutOfBounds, "undefined element");
        }

        var callee = table[index].Function ?? throw new TrapException(TrapKind.UninitializedElement);
        return store.Types.IsSubtype(References.TypeOf(callee), instance.TypeIdentities[instruction.Index])
            ? callee
            : throw new TrapException(TrapKind.IndirectCallTypeMismatch);
    }

    private void Call(Function callee)
    {
        if (callee is InstanceFunction own && own.Instance.Module.Code is InterpretedCode)
        {
            Enter(own.Instance, own.Index);
            return;
        }

        CallOut(callee);
    }

    // A method of its own, so that only such calls make room for its values.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void CallOut(Function callee)
    {
        var type = callee.Type;
        var (few, fewer) = (default(FewValues), default(FewValues));
        Span<Value> arguments = type.Parameters.Length <= FewValues.Count ? ((Span<Value>)few)[..type.Parameters.Length] : new Value[type.Parameters.Length];
        Span<Value> results = type.Results.Length <= FewValues.Count ? ((Span<Value>)fewer)[..type.Results.Length] : new Value[type.Results.Length];
        for (var i = arguments.Length - 1; i >= 0; i--)
        {
            arguments[i] = ToValue(Pop(), type.Parameters[i]);
        }

        callee.Call(arguments, results);
        foreach (var result in results)
        {
            Push(FromValue(result));
        }
    }

    /// <summary>Room for the values of most calls.</summary>
    [InlineArray(FewValues.Count)]
    private struct FewValues
    {
        public const int Count = 10;
        private Value first;
    }

    /// <summary>The running function's frame gives way to the callee's.</summary>
    private void TailCall(Function callee)
    {
        Slide(callee.Type.Parameters.Length, locals);
        Leave();
        Call(callee);
    }

    /// <summary>Looks for a clause that catches, from the innermost block outwards.</summary>
    private void Unwind(ExceptionObject thrown)
    {
        while (true)
        {
            for (var i = labels.Count - 1; i > labelBase; i--)
            {
                if (labels[i].Try >= 0 && Catches(body.Code[labels[i].Try], thrown) is { } clause)
                {
                    // The clause's label is counted from outside of the try_table.
                    top = labels[i].Height;
                    labels.RemoveRange(i, labels.Count - i);
                    foreach (var slot in clause.Kind < 2 ? thrown.Payload : [])
                    {
                        Push(slot);
                    }

                    if (clause.Kind is 1 or 3)
                    {
                        PushReference(thrown);
                    }

                    Branch(clause.Label);
                    return;
                }
            }

            if (frames.Count == 1)
            {
                throw new GuestException(thrown);
            }

            Leave();
        }
    }

    private CatchClause? Catches(in Instruction handler, ExceptionObject thrown)
    {
        foreach (var clause in handler.Catches!)
        {
            if (clause.Kind >= 2 || ReferenceEquals(instance.Tags[clause.Tag], thrown.Tag))
            {
                return clause;
            }
        }

        return null;
    }

    internal static Slot FromValue(Value value) => value.Kind switch
    {
        WasmTypeKind.Reference => new Slot { Reference = value.Reference },
        WasmTypeKind.V128 => new Slot { V128 = value.Vector },
        _ => new Slot { Low = value.Bits },
    };

    internal static Value ToValue(in Slot slot, WasmType type) => type.Kind switch
    {
        WasmTypeKind.Reference => Value.FromReference(slot.Reference),
        WasmTypeKind.V128 => Value.From(slot.V128),
        _ => Value.FromBits(type.Kind, slot.Low),
    };
}
