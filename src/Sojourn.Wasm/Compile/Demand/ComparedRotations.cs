using Sojourn.Wasm.Decode;
using Sojourn.Wasm.Model;

namespace Sojourn.Wasm.Compile.Demand;

/// <summary>Finds rotations whose result may be compared with zero.</summary>
/// <remarks>
/// Of a rotation by a number that it knows the platform's compiler (10.0) believes that the processor's zero flag tells of the result, and leaves
/// out the comparison; rotations do not touch that flag. It makes rotations of pairs of shifts, too. Where a result may come to such a
/// comparison, directly, through locals and blocks, or through instructions that may leave it as it is, the function's rotations are written
/// as sums, which do set the flag. Hash functions, which mix what they rotate, are not among these.
/// </remarks>
internal sealed class ComparedRotations
{
    private const int RoundsMax = 6;
    private static readonly IReadOnlySet<int> None = new HashSet<int>();
    private readonly FunctionTrace trace;
    private readonly Kinds[] values;
    private readonly Kinds[] locals;
    private readonly HashSet<int> sites = [];
    private bool changed;
    private bool compared;

    private ComparedRotations(FunctionTrace trace, int localCount)
    {
        this.trace = trace;
        values = new Kinds[trace.ValueCount];
        locals = new Kinds[localCount];
    }

    /// <summary>What a value may be.</summary>
    [Flags]
    private enum Kinds : byte
    {
        None = 0,
        ShiftedLeft = 1,
        ShiftedRight = 2,
        Rotated = 4,
    }

    /// <summary>Offsets of the instructions of a function that must not become rotations of the platform's.</summary>
    /// <param name="trace">The function.</param>
    /// <param name="localCount">Its parameters and locals.</param>
    public static IReadOnlySet<int> Of(FunctionTrace trace, int localCount)
    {
        var rotations = new ComparedRotations(trace, localCount);
        return rotations.AreCompared() ? rotations.sites : None;
    }

    /// <summary>The same for a function that cannot be followed: all that may be rotations.</summary>
    public static IReadOnlySet<int> OfAll(ModuleDefinition module, FunctionBody body, WasmFeatures features)
    {
        var reader = new InstructionReader(module.Bytes.Span, body.CodeOffset, body.CodeLength, features);
        var found = new HashSet<int>();
        var joined = new List<int>();
        var shifts = Kinds.None;
        while (!reader.AtEnd)
        {
            reader.Read(out var instruction);
            shifts |= Shifts(instruction.Opcode);
            if (IsRotation(instruction.Opcode))
            {
                found.Add(instruction.Offset);
            }
            else if (IsJoin(instruction.Opcode))
            {
                joined.Add(instruction.Offset);
            }
        }

        if (shifts == (Kinds.ShiftedLeft | Kinds.ShiftedRight))
        {
            found.UnionWith(joined);
        }

        return found;
    }

    private static bool IsRotation(Opcode opcode) => opcode is Opcode.I32Rotl or Opcode.I32Rotr or Opcode.I64Rotl or Opcode.I64Rotr;

    private static bool IsJoin(Opcode opcode) => opcode is Opcode.I32Or or Opcode.I32Xor or Opcode.I64Or or Opcode.I64Xor;

    private static Kinds Shifts(Opcode opcode) => opcode switch
    {
        Opcode.I32Shl or Opcode.I64Shl => Kinds.ShiftedLeft,
        Opcode.I32ShrU or Opcode.I64ShrU => Kinds.ShiftedRight,
        _ => Kinds.None,
    };

    private bool AreCompared()
    {
        for (var round = 0; round < RoundsMax; round++)
        {
            changed = false;
            foreach (var step in System.Runtime.InteropServices.CollectionsMarshal.AsSpan(trace.Steps))
            {
                Follow(in step);
            }

            if (sites.Count == 0 && !changed)
            {
                return false;
            }

            if (!changed)
            {
                return compared;
            }
        }

        return true;
    }

    private void Follow(in Step step)
    {
        switch (step.Kind)
        {
            case StepKind.Compute when step.Result >= 0:
                values[step.Result] |= Compute(in step);
                break;
            case StepKind.Get:
                values[step.Result] = locals[step.Index];
                break;
            case StepKind.Set:
                changed |= (values[step.A] & ~locals[step.Index]) != 0;
                locals[step.Index] |= values[step.A];
                if (step.Result >= 0)
                {
                    values[step.Result] = values[step.A];
                }

                break;
            case StepKind.Join:
                values[step.Result] |= values[step.A];
                break;
            case StepKind.Fork:
                values[step.Result] |= values[step.A];
                values[step.B] |= values[step.A];
                break;
            case StepKind.Narrow or StepKind.BranchIf or StepKind.If or StepKind.Table:
                // What becomes of parameters of blocks, and in functions that are inlined, is not followed.
                Compare(step.A);
                break;
        }
    }

    private Kinds Compute(in Step step)
    {
        var (opcode, first, second) = (step.Opcode, Of(step.A), Of(step.B));
        switch (opcode)
        {
            case Opcode.Select:
                Compare(step.C);
                return first | second;
            case Opcode.I32Eqz or Opcode.I64Eqz or Opcode.I32Clz or Opcode.I64Clz or Opcode.I32Ctz or Opcode.I64Ctz:
                Compare(step.A);
                return Kinds.None;
            case (>= Opcode.I32Eq and <= Opcode.I32GeU) or (>= Opcode.I64Eq and <= Opcode.I64GeU):
                CompareWith(step.A, step.B);
                CompareWith(step.B, step.A);
                return Kinds.None;
            case Opcode.I32WrapI64 or Opcode.I64ExtendI32S or Opcode.I64ExtendI32U or Opcode.I32Extend8S or Opcode.I32Extend16S
                or Opcode.I64Extend8S or Opcode.I64Extend16S or Opcode.I64Extend32S:
                return first & Kinds.Rotated;
            case (>= Opcode.I32Add and <= Opcode.I32Rotr) or (>= Opcode.I64Add and <= Opcode.I64Rotr):
                return Binary(in step, opcode, first, second);
            default:
                return Kinds.None;
        }
    }

    private Kinds Binary(in Step step, Opcode opcode, Kinds first, Kinds second)
    {
        if (opcode is (>= Opcode.I32DivS and <= Opcode.I32RemU) or (>= Opcode.I64DivS and <= Opcode.I64RemU))
        {
            Compare(step.B);
        }

        var pair = first | second;
        var result = Shifts(opcode);
        if (IsRotation(opcode)
            || (IsJoin(opcode) && pair.HasFlag(Kinds.ShiftedLeft | Kinds.ShiftedRight) && (first & (Kinds.ShiftedLeft | Kinds.ShiftedRight)) != 0
                && (second & (Kinds.ShiftedLeft | Kinds.ShiftedRight)) != 0))
        {
            changed |= sites.Add(step.Index);
            result |= Kinds.Rotated;
        }

        // 0 added, 1 multiplied with: algebra that leaves the other operand as it is.
        if ((first.HasFlag(Kinds.Rotated) && MayLeaveAlone(step.B)) || (second.HasFlag(Kinds.Rotated) && MayLeaveAlone(step.A)))
        {
            result |= Kinds.Rotated;
        }

        return result;
    }

    private bool MayLeaveAlone(int value) =>
        trace.TryConstant(value, out var constant)
            ? constant is 0 or 1 or -1 or 0xFF or 0xFFFF or 0xFFFF_FFFF || constant % 32 == 0
            : trace.MayBeKnown(value);

    // With what may be zero, or with what algebra makes a comparison with zero of: x < 1, x > -1.
    private void CompareWith(int value, int other)
    {
        if (trace.TryConstant(other, out var constant) ? constant is 0 or 1 or -1 : trace.MayBeKnown(other))
        {
            Compare(value);
        }
    }

    private void Compare(int value) => compared |= Of(value).HasFlag(Kinds.Rotated);

    private Kinds Of(int value) => value < 0 ? Kinds.None : values[value];
}
