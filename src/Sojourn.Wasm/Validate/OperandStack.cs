using Sojourn.Wasm.Model;

namespace Sojourn.Wasm.Validate;

/// <summary>One open block.</summary>
internal struct ControlFrame
{
    public Opcode Opcode;
    public WasmType[] Start;
    public WasmType[] End;
    public int Height;
    public int InitializedHeight;
    public bool IsUnreachable;

    public readonly WasmType[] Label => Opcode == Opcode.Loop ? Start : End;
}

/// <summary>The operand and control stacks of the validation algorithm.</summary>
/// <remarks>WebAssembly 3.0, appendix, validation algorithm.</remarks>
internal sealed class OperandStack(ModuleContext context)
{
    private readonly List<int> initialized = [];
    private WasmType[] operands = new WasmType[64];
    private ControlFrame[] frames = new ControlFrame[16];
    private int handlers;
    private bool[] isInitialized = [];

    public int Offset { get; set; }

    public int Depth { get; private set; }

    public int Height { get; private set; }

    public ref ControlFrame Frame => ref frames[Depth - 1];

    public void Reset(ReadOnlySpan<WasmType> locals, int parameters)
    {
        Depth = 0;
        Height = 0;
        handlers = 0;
        initialized.Clear();
        if (isInitialized.Length < locals.Length)
        {
            isInitialized = new bool[locals.Length];
        }

        for (var i = 0; i < locals.Length; i++)
        {
            isInitialized[i] = i < parameters || locals[i].IsDefaultable;
        }
    }

    public bool IsInitialized(int local) => isInitialized[local];

    public void Initialize(int local)
    {
        if (!isInitialized[local])
        {
            isInitialized[local] = true;
            initialized.Add(local);
        }
    }

    public void Push(WasmType type)
    {
        if (Height == operands.Length)
        {
            Array.Resize(ref operands, operands.Length * 2);
        }

        operands[Height++] = type;
    }

    public void Push(ReadOnlySpan<WasmType> types)
    {
        foreach (var type in types)
        {
            Push(type);
        }
    }

    public WasmType Pop()
    {
        ref var frame = ref Frame;
        if (Height == frame.Height)
        {
            return frame.IsUnreachable ? WasmType.Bottom : throw Mismatch("an operand is missing");
        }

        return operands[--Height];
    }

    public WasmType Pop(WasmType wanted)
    {
        var found = Pop();
        return found == wanted || context.Types.Matches(found, wanted) ? found : throw Mismatch($"{wanted} expected, {found} found");
    }

    public void Pop(ReadOnlySpan<WasmType> types)
    {
        for (var i = types.Length - 1; i >= 0; i--)
        {
            Pop(types[i]);
        }
    }

    /// <summary>Pops a reference of any kind; <see cref="WasmType.Bottom"/> in unreachable code.</summary>
    public WasmType PopReference()
    {
        var found = Pop();
        return found.IsReference || found == WasmType.Bottom ? found : throw Mismatch($"a reference expected, {found} found");
    }

    public void Open(Opcode opcode, WasmType[] start, WasmType[] end)
    {
        if (Depth >= context.Options.Limits.BlockDepthMax)
        {
            throw new ModuleException(ModuleFault.LimitExceeded, Offset, $"blocks nested deeper than {context.Options.Limits.BlockDepthMax}");
        }

        if (opcode == Opcode.TryTable && ++handlers > context.Options.Limits.HandlerDepthMax)
        {
            throw new ModuleException(ModuleFault.LimitExceeded, Offset, $"try_table nested deeper than {context.Options.Limits.HandlerDepthMax}");
        }

        if (start.Length + end.Length > 1)
        {
            context.CountBlockValues(start.Length + end.Length, Offset);
        }

        if (Depth == frames.Length)
        {
            Array.Resize(ref frames, frames.Length * 2);
        }

        frames[Depth++] = new() { Opcode = opcode, Start = start, End = end, Height = Height, InitializedHeight = initialized.Count };
        Push(start);
    }

    public ControlFrame Close()
    {
        var frame = Frame;
        Pop(frame.End);
        if (Height != frame.Height)
        {
            throw Mismatch($"{Height - frame.Height} values remain at the end of a block");
        }

        for (var i = frame.InitializedHeight; i < initialized.Count; i++)
        {
            isInitialized[initialized[i]] = false;
        }

        initialized.RemoveRange(frame.InitializedHeight, initialized.Count - frame.InitializedHeight);
        Depth--;
        if (frame.Opcode == Opcode.TryTable)
        {
            handlers--;
        }

        return frame;
    }

    public void Unreachable()
    {
        ref var frame = ref Frame;
        Height = frame.Height;
        frame.IsUnreachable = true;
    }

    public WasmType[] Label(int depth)
    {
        if ((uint)depth >= (uint)Depth)
        {
            throw ModuleValidator.Invalid(Offset, $"unknown label {(uint)depth}");
        }

        return frames[Depth - 1 - depth].Label;
    }

    public ModuleException Mismatch(string what) => ModuleValidator.Invalid(Offset, "type mismatch: " + what);
}
