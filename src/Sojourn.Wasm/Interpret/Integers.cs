using System.Numerics;

namespace Sojourn.Wasm.Interpret;

/// <summary>Division, with its traps.</summary>
internal static class Integers
{
    public static T Divide<T>(T a, T b)
        where T : IBinaryInteger<T>, IMinMaxValue<T>
    {
        if (T.IsZero(b))
        {
            throw new TrapException(TrapKind.IntegerDivideByZero);
        }

        return T.IsNegative(T.MinValue) && a == T.MinValue && b == -T.One ? throw new TrapException(TrapKind.IntegerOverflow) : a / b;
    }

    public static T Remainder<T>(T a, T b)
        where T : IBinaryInteger<T>, IMinMaxValue<T>
    {
        if (T.IsZero(b))
        {
            throw new TrapException(TrapKind.IntegerDivideByZero);
        }

        return T.IsNegative(T.MinValue) && b == -T.One ? T.Zero : a % b;
    }
}
