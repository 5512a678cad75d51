using System.Reflection.Emit;
using Sojourn.Wasm.Compile.Il;

namespace Sojourn.Wasm.Compile;

internal enum Comparison
{
    /// <summary>The value on the stack is not zero.</summary>
    NotZero,
    Equal,
    NotEqual,
    Less,
    Greater,
    LessOrEqual,
    GreaterOrEqual,
}

/// <summary>A comparison whose operands are on the stack and whose result is not yet: a branch may take it whole.</summary>
internal readonly record struct Condition(Comparison Comparison, bool IsUnsigned = false, bool IsFloat = false, bool IsNegated = false, bool IsWide = false)
{
    public Condition Negate() => this with { IsNegated = !IsNegated };

    /// <summary>Branches if the condition is <paramref name="sense"/>.</summary>
    public void Branch(IlBuilder il, bool sense, IlLabel target)
    {
        var wanted = sense ^ IsNegated;

        // The negation of an ordered comparison of floats is the opposite unordered one.
        var unordered = IsFloat ? !wanted : IsUnsigned;
        il.Branch(
            (Comparison, wanted) switch
            {
                (Comparison.NotZero, true) => OpCodes.Brtrue,
                (Comparison.NotZero, false) => OpCodes.Brfalse,
                (Comparison.Equal, true) or (Comparison.NotEqual, false) => OpCodes.Beq,
                (Comparison.Equal, false) or (Comparison.NotEqual, true) => OpCodes.Bne_Un,
                (Comparison.Less, true) or (Comparison.GreaterOrEqual, false) => unordered ? OpCodes.Blt_Un : OpCodes.Blt,
                (Comparison.Greater, true) or (Comparison.LessOrEqual, false) => unordered ? OpCodes.Bgt_Un : OpCodes.Bgt,
                (Comparison.LessOrEqual, true) or (Comparison.Greater, false) => unordered ? OpCodes.Ble_Un : OpCodes.Ble,
                _ => unordered ? OpCodes.Bge_Un : OpCodes.Bge,
            },
            target);
    }

    /// <summary>Leaves the condition as 0 or 1 on the stack.</summary>
    public void Materialize(IlBuilder il)
    {
        var invert = IsNegated;
        switch (Comparison)
        {
            case Comparison.NotZero:
                il.LoadInt32(0);
                if (IsWide)
                {
                    il.Emit(OpCodes.Conv_I8);
                }

                il.Emit(IsNegated ? OpCodes.Ceq : OpCodes.Cgt_Un);
                return;
            case Comparison.Equal:
                il.Emit(OpCodes.Ceq);
                break;
            case Comparison.NotEqual:
                il.Emit(OpCodes.Ceq);
                invert = !invert;
                break;
            case Comparison.Less:
                il.Emit(IsUnsigned ? OpCodes.Clt_Un : OpCodes.Clt);
                break;
            case Comparison.Greater:
                il.Emit(IsUnsigned ? OpCodes.Cgt_Un : OpCodes.Cgt);
                break;
            case Comparison.LessOrEqual:
                il.Emit(IsUnsigned || IsFloat ? OpCodes.Cgt_Un : OpCodes.Cgt);
                invert = !invert;
                break;
            default:
                il.Emit(IsUnsigned || IsFloat ? OpCodes.Clt_Un : OpCodes.Clt);
                invert = !invert;
                break;
        }

        if (invert)
        {
            il.LoadInt32(0);
            il.Emit(OpCodes.Ceq);
        }
    }
}
