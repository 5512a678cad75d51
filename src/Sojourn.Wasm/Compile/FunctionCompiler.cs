using System.Reflection;
using System.Reflection.Emit;
using Sojourn.Wasm.Compile.Demand;
using Sojourn.Wasm.Compile.Il;
using Sojourn.Wasm.Compile.Support;
using Sojourn.Wasm.Decode;
using Sojourn.Wasm.Model;
using Sojourn.Wasm.Run;

namespace Sojourn.Wasm.Compile;

/// <summary>Compiles function bodies to IL in one pass; one group of instructions per file. The operand stack becomes IL's evaluation stack.</summary>
internal sealed partial class FunctionCompiler
{
    private const int ExpressionDepthMax = 100;

    /// <summary>Loops nested deeper are compiled without optimisation: 64 take the platform's compiler some milliseconds, 900 took it 24 s.</summary>
    internal const int OptimizedLoopsDefault = 64;
    private const int OperandsMax = 20_000;

    // Past these the platform's compiler does not optimise.
    private const int OptimizedInstructionsMax = 20_000;
    private const int OptimizedBytesMax = 60_000;
    private const int OptimizedReferencesMax = 8_000;
    private readonly WasmModule owner;
    private readonly ModuleDefinition module;
    private readonly ContextLayout layout;
    private readonly ImageBuilder image;
    private readonly int firstMethod;
    private readonly ModuleTypeSpace types;
    private readonly IlBuilder il = new();
    private readonly List<WasmType> stack = [];
    private readonly List<BlockFrame> frames = [];
    private readonly List<IlType> locals = [];
    private readonly Stack<int>[] free = [new(), new(), new(), new(), new(), new(), new()];
    private readonly List<int> depths = [];
    private readonly bool guarded;
    private readonly bool pollsByFault;
    private readonly WasmFeatures features;
    private WasmType[] localTypes = [];
    private int parameterCount;
    private int memoryLocal;
    private int highest;
    private Condition? condition;
    private bool reachable;
    private int skipped;
    private int poppedDepth;
    private int loopDepth;
    private int deepestLoop;
    private IlLabel interrupted;
    private bool pollsUsed;
    private AccessesWithCare? care;
    private IReadOnlySet<int> sums = new HashSet<int>();
    private IReadOnlySet<int> briefLoops = new HashSet<int>();
    private StoreAddresses? addresses;
    private Density density;

    /// <param name="owner">The module.</param>
    /// <param name="image">Where the methods go.</param>
    /// <param name="firstMethod">Position in the image of the module's first own function.</param>
    public FunctionCompiler(WasmModule owner, ImageBuilder image, int firstMethod = 0)
    {
        this.firstMethod = firstMethod;
        this.owner = owner;
        this.image = image;
        module = owner.Definition;
        layout = owner.Layout;
        types = new(module);
        guarded = owner.UsesGuardPages;
        pollsByFault = guarded && !(module.Memories.Length > 0 && layout.OwnsMemory && module.Memories[0].Limits.Is64Bit);
        features = owner.Options.Features;
    }

    /// <summary>The depth in use: another one for measurements.</summary>
    internal static int OptimizedLoopsMax { get; set; } = OptimizedLoopsDefault;

    /// <summary>How densely this thread writes even small functions: for tests.</summary>
    [field: ThreadStatic]
    internal static Density LeastDensity { get; set; }

    private BlockFrame Frame => frames[^1];

    private int ContextArgument => parameterCount;

    /// <summary>Compiles a function and adds it to the image.</summary>
    public void Compile(int functionIndex)
    {
        var type = module.FunctionTypeOf(functionIndex);
        var body = module.Functions[functionIndex].Body!;
        EmitWithinLimits(functionIndex, type, body);
        CheckLimits(body);
        var code = il.Finish();
        var parameters = IlTypes.Of(type.Parameters.AsSpan(), types, spare: 1);
        parameters[^1] = IlType.Native;
        image.AddMethod(
            firstMethod + functionIndex - module.ImportedFunctions,
            "f" + functionIndex.ToString(System.Globalization.CultureInfo.InvariantCulture),
            parameters,
            type.Results.Length == 0 ? null : IlTypes.Of(type.Results[0], types),
            code,
            Math.Min(highest + 12, ushort.MaxValue),
            System.Runtime.InteropServices.CollectionsMarshal.AsSpan(locals),
            optimize: deepestLoop <= OptimizedLoopsMax,
            Regions(),
            inline: FunctionTrace.MayBeInlined(body));
    }

    // Giant functions are written in fewer instructions, as few as it takes for the platform's compiler to optimise them.
    private void EmitWithinLimits(int functionIndex, FunctionType type, FunctionBody body)
    {
        var trace = FunctionTrace.Of(module, functionIndex, features);
        var localCount = type.Parameters.Length + body.LocalCount;
        care = guarded && module.Memories.Length > 0 ? AccessDemand.Of(trace, localCount) : null;
        sums = trace is null ? ComparedRotations.OfAll(module, body, features) : ComparedRotations.Of(trace, localCount);
        briefLoops = BriefLoops.Of(module, body, features);
        addresses = guarded && module.Memories.Length > 0 ? StoreAddresses.Of(module, body, features) : null;
        Emit(functionIndex, type, body, LeastDensity);
        if (IsOptimized() || il.Instructions > 2 * OptimizedInstructionsMax || LeastDensity != Density.Usual)
        {
            return;
        }

        Emit(functionIndex, type, body, Density.Dense);
        if (!IsOptimized() && plan is not null)
        {
            Emit(functionIndex, type, body, Density.Densest);
        }
    }

    private bool IsOptimized() => il.Instructions <= OptimizedInstructionsMax && il.References <= OptimizedReferencesMax;

    private void Emit(int functionIndex, FunctionType type, FunctionBody body, Density wanted)
    {
        density = wanted;
        il.PrefersFewInstructions = density != Density.Usual;
        Reset(type, body);
        var reader = new InstructionReader(module.Bytes.Span, body.CodeOffset, body.CodeLength, features);
        Prologue(functionIndex, body);
        frames.Add(new() { Opcode = Opcode.Block, Depth = 0, Start = [], End = [.. type.Results], Height = 0, Label = il.DefineLabel() });
        reachable = true;
        while (frames.Count > 0)
        {
            reader.Read(out var instruction);
            NotePlace(instruction.Offset);
            if (reachable)
            {
                Instruction(in instruction, ref reader);
                if (addresses is not null && addresses.IsMade(reader.Position, out var store))
                {
                    Settle();
                    MakeAddress(in store);
                }
            }
            else
            {
                Skip(in instruction);
            }
        }

        Epilogue();
    }

    // What the platform's compiler or the stack could not bear is refused by name.
    private void CheckLimits(FunctionBody body)
    {
        if (highest > OperandsMax)
        {
            throw new ModuleException(ModuleFault.LimitExceeded, body.CodeOffset, $"a function has more than {OperandsMax} operands at once");
        }

        var frame = (16L * (locals.Count + parameterCount)) + (8L * highest) + (il.Instructions > OptimizedInstructionsMax ? il.Instructions : 0);
        if (frame > ThreadStack.FrameBytesMax)
        {
            throw new ModuleException(ModuleFault.LimitExceeded, body.CodeOffset, $"a function's frame may need {frame} bytes, the limit is {ThreadStack.FrameBytesMax}");
        }
    }

    private void Reset(FunctionType type, FunctionBody body)
    {
        il.Reset();
        Places?.Clear();
        stack.Clear();
        frames.Clear();
        locals.Clear();
        foreach (var pool in free)
        {
            pool.Clear();
        }

        parameterCount = type.Parameters.Length;
        localTypes = new WasmType[parameterCount + body.LocalCount];
        type.Parameters.CopyTo(localTypes);
        var at = parameterCount;
        foreach (var run in body.Locals)
        {
            localTypes.AsSpan(at, run.Count).Fill(run.Type);
            at += run.Count;
        }

        for (var i = parameterCount; i < localTypes.Length; i++)
        {
            locals.Add(IlTypes.Of(localTypes[i], types));
        }

        highest = 0;
        condition = null;
        skipped = 0;
        poppedDepth = 0;
        loopDepth = 0;
        deepestLoop = 0;
        depths.Clear();
        regions.Clear();
        deferred.Clear();
        openRegions = 0;
        pollsUsed = false;
        interrupted = il.DefineLabel();
    }

    private void Prologue(int functionIndex, FunctionBody body)
    {
        if (HasCalls(body))
        {
            StackCheck();
        }

        if (module.Memories.Length > 0 && !layout.OwnsMemory && guarded)
        {
            // The base of an imported memory never moves: one load per call.
            memoryLocal = NewLocal(IlType.Native);
            LoadCell(layout.Memories[0], isPointer: true);
            il.Emit(OpCodes.Ldind_I);
            il.StoreLocal(memoryLocal);
        }

        EnterBases(body);
        ClearVectors();
        EnterMetered(functionIndex, body);
    }

    // The frame is zeroed as it is. Where AVX-512 is in use, though, the platform's compiler (10.0) may keep a vector that is only used as a mask in a
    // mask register, and forgets that it begins as zero, unless the code says so.
    private void ClearVectors()
    {
        for (var i = parameterCount; i < localTypes.Length; i++)
        {
            if (Il(localTypes[i]) == IlType.Vector)
            {
                LoadVector(default);
                il.StoreLocal(i - parameterCount);
            }
        }
    }

    // Leaves with small frames need no check: the reserve below the limit holds them.
    private bool HasCalls(FunctionBody body)
    {
        if (localTypes.Length > 256 || body.CodeLength > 16384)
        {
            return true;
        }

        var reader = new InstructionReader(module.Bytes.Span, body.CodeOffset, body.CodeLength, features);
        while (!reader.AtEnd)
        {
            reader.Read(out var instruction);
            if (instruction.Opcode is >= Opcode.Call and <= Opcode.ReturnCallRef)
            {
                return true;
            }
        }

        return false;
    }

    private void StackCheck()
    {
        var marker = NewLocal(IlType.Int32);
        il.LoadLocalAddress(marker);
        il.Emit(OpCodes.Conv_U);
        LoadContext(ContextLayout.StackLimit);
        il.Emit(OpCodes.Ldind_I);
        var fine = il.DefineLabel();
        il.Branch(OpCodes.Bge_Un, fine);
        il.LoadArgument(ContextArgument);
        Call(typeof(Throw), nameof(Throw.Stack));
        il.Emit(OpCodes.Throw);
        il.Mark(fine);
    }

    // IL's stack is empty here.
    private void Poll()
    {
        LoadContext(ContextLayout.PollPage);
        il.Emit(OpCodes.Volatile);
        il.Emit(OpCodes.Ldind_U1);
        if (pollsByFault)
        {
            il.Emit(OpCodes.Pop);
            return;
        }

        if (openRegions > 0)
        {
            var on = il.DefineLabel();
            il.Branch(OpCodes.Brfalse, on);
            Trap(TrapKind.Interrupted);
            il.Mark(on);
            return;
        }

        pollsUsed = true;
        il.Branch(OpCodes.Brtrue, interrupted);
    }

    private void Epilogue()
    {
        DeferredTailCalls();
        EndMetered();
        if (pollsUsed)
        {
            il.Mark(interrupted);
            Trap(TrapKind.Interrupted);
        }
    }

    private void Trap(TrapKind kind)
    {
        il.LoadInt32((int)kind);
        Call(typeof(Throw), nameof(Throw.Trap));
        il.Emit(OpCodes.Throw);
    }

    private void Instruction(in Instruction instruction, ref InstructionReader reader)
    {
        var opcode = instruction.Opcode;
        poppedDepth = 0;
        if (condition is not null && opcode is not (Opcode.BrIf or Opcode.If or Opcode.I32Eqz))
        {
            Settle();
        }

        switch ((int)opcode >> 16)
        {
            case 0xFC:
                if (!Numerics(in instruction, ref reader))
                {
                    BulkInstruction(in instruction);
                }

                break;
            case 0xFD:
                Vector(in instruction);
                break;
            case 0xFB:
                HeapInstruction(in instruction);
                break;
            default:
                if (instruction.Info.Immediates == ImmediateKind.MemoryArgument)
                {
                    MemoryAccess(in instruction);
                }
                else if (!Variables(in instruction, ref reader) && !Numerics(in instruction, ref reader) && !Control(in instruction))
                {
                    References(in instruction);
                }

                break;
        }
    }

    private static ModuleException Unsupported(in Instruction instruction) =>
        new(ModuleFault.UnsupportedFeature, instruction.Offset, $"{instruction.Info.Name} is not compiled yet");

    /// <summary>Puts a waiting comparison's result on the stack.</summary>
    private void Settle()
    {
        if (condition is { } waiting)
        {
            waiting.Materialize(il);
            condition = null;
        }
    }

    private void Push(WasmType type)
    {
        var depth = poppedDepth + 1;
        poppedDepth = 0;
        if (depth > ExpressionDepthMax && condition is null)
        {
            // The platform's compiler walks expressions recursively, on a stack that a deep enough one would overflow.
            var form = Il(type);
            var aside = Take(form);
            il.StoreLocal(aside);
            il.LoadLocal(aside);
            Give(form, aside);
            depth = 0;
        }

        stack.Add(type);
        while (depths.Count < stack.Count)
        {
            depths.Add(0);
        }

        depths[stack.Count - 1] = depth;
        highest = Math.Max(highest, stack.Count);
    }

    private WasmType Pop()
    {
        var type = stack[^1];
        Pop(1);
        return type;
    }

    private void Pop(int count)
    {
        for (var i = stack.Count - count; i < stack.Count; i++)
        {
            poppedDepth = Math.Max(poppedDepth, i < depths.Count ? depths[i] : 0);
        }

        stack.RemoveRange(stack.Count - count, count);
    }

    private int NewLocal(IlType type)
    {
        if (locals.Count >= 65_000)
        {
            throw new ModuleException(ModuleFault.LimitExceeded, 0, "a function needs more than 65,000 locals in IL");
        }

        locals.Add(type);
        return locals.Count - 1;
    }

    private int Take(IlType type) => free[(int)type].TryPop(out var local) ? local : NewLocal(type);

    private void Give(IlType type, int local) => free[(int)type].Push(local);

    private void Call(MethodInfo method) => il.Token(OpCodes.Call, image.Method(method));

    private void Call(Type type, string name) => Call(SupportMethods.Get(type, name));

    /// <summary>The address of something in the context.</summary>
    private void LoadContext(int offset)
    {
        il.LoadArgument(ContextArgument);
        il.LoadInt32(offset);
        il.Emit(OpCodes.Add);
    }

    /// <summary>The address of a cell: in the context, or where the context points.</summary>
    private void LoadCell(int offset, bool isPointer)
    {
        LoadContext(offset);
        if (isPointer)
        {
            il.Emit(OpCodes.Ldind_I);
        }
    }

    private IlType Il(WasmType type) => IlTypes.Of(type, types);
}

/// <summary>How much is done to write a function in few instructions.</summary>
internal enum Density
{
    /// <summary>Nothing: the platform's compiler is fastest with plain instructions.</summary>
    Usual,

    /// <summary>Static offsets become fields.</summary>
    Dense,

    /// <summary>Fuel is charged by calls as well, loops apart.</summary>
    Densest,
}
