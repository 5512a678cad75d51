using System.Runtime.Intrinsics;

namespace Sojourn.Wasm.Interpret;

/// <summary>Loops over the lanes of vectors. Deliberately without vector instructions: what the compiled tier maps to them is checked against these loops.</summary>
internal static class Lanes
{
    public static Vector128<byte> Splat<T>(T value)
        where T : unmanaged => Map<T>(default, _ => value);

    public static T Get<T>(Vector128<byte> a, int lane)
        where T : unmanaged => a.As<byte, T>()[lane];

    public static Vector128<byte> Set<T>(Vector128<byte> a, int lane, T value)
        where T : unmanaged => a.As<byte, T>().WithElement(lane, value).AsByte();

    public static Vector128<byte> Map<T>(Vector128<byte> a, Func<T, T> f)
        where T : unmanaged => Convert(a, f);

    public static Vector128<byte> Zip<T>(Vector128<byte> a, Vector128<byte> b, Func<T, T, T> f)
        where T : unmanaged
    {
        var result = Vector128<T>.Zero;
        for (var i = 0; i < Vector128<T>.Count; i++)
        {
            result = result.WithElement(i, f(Get<T>(a, i), Get<T>(b, i)));
        }

        return result.AsByte();
    }

    public static Vector128<byte> Zip<T>(Vector128<byte> a, Vector128<byte> b, Vector128<byte> c, Func<T, T, T, T> f)
        where T : unmanaged
    {
        var result = Vector128<T>.Zero;
        for (var i = 0; i < Vector128<T>.Count; i++)
        {
            result = result.WithElement(i, f(Get<T>(a, i), Get<T>(b, i), Get<T>(c, i)));
        }

        return result.AsByte();
    }

    public static Vector128<byte> Compare<T>(Vector128<byte> a, Vector128<byte> b, Func<T, T, bool> f)
        where T : unmanaged
    {
        var width = 16 / Vector128<T>.Count;
        var result = Vector128<byte>.Zero;
        for (var i = 0; i < 16; i++)
        {
            result = result.WithElement(i, f(Get<T>(a, i / width), Get<T>(b, i / width)) ? (byte)0xFF : (byte)0);
        }

        return result;
    }

    public static bool All<T>(Vector128<byte> a, Func<T, bool> f)
        where T : unmanaged => Mask(a, f) == (1u << Vector128<T>.Count) - 1;

    public static uint Mask<T>(Vector128<byte> a, Func<T, bool> f)
        where T : unmanaged
    {
        var mask = 0u;
        for (var i = 0; i < Vector128<T>.Count; i++)
        {
            mask |= f(Get<T>(a, i)) ? 1u << i : 0;
        }

        return mask;
    }

    /// <summary>Lanes from <paramref name="first"/> on, made wide.</summary>
    public static Vector128<byte> Widen<TNarrow, TWide>(Vector128<byte> a, int first, Func<TNarrow, TWide> f)
        where TNarrow : unmanaged
        where TWide : unmanaged
    {
        var result = Vector128<TWide>.Zero;
        for (var i = 0; i < Vector128<TWide>.Count; i++)
        {
            result = result.WithElement(i, f(Get<TNarrow>(a, first + i)));
        }

        return result.AsByte();
    }

    public static Vector128<byte> WidenZip<TNarrow, TWide>(Vector128<byte> a, Vector128<byte> b, int first, Func<TNarrow, TNarrow, TWide> f)
        where TNarrow : unmanaged
        where TWide : unmanaged
    {
        var result = Vector128<TWide>.Zero;
        for (var i = 0; i < Vector128<TWide>.Count; i++)
        {
            result = result.WithElement(i, f(Get<TNarrow>(a, first + i), Get<TNarrow>(b, first + i)));
        }

        return result.AsByte();
    }

    /// <summary>Two neighbours of each operand make one wide lane.</summary>
    public static Vector128<byte> Pairs<TNarrow, TWide>(Vector128<byte> a, Vector128<byte> b, Func<TNarrow, TNarrow, TNarrow, TNarrow, TWide> f)
        where TNarrow : unmanaged
        where TWide : unmanaged
    {
        var result = Vector128<TWide>.Zero;
        for (var i = 0; i < Vector128<TWide>.Count; i++)
        {
            result = result.WithElement(i, f(Get<TNarrow>(a, 2 * i), Get<TNarrow>(a, (2 * i) + 1), Get<TNarrow>(b, 2 * i), Get<TNarrow>(b, (2 * i) + 1)));
        }

        return result.AsByte();
    }

    /// <summary>The lanes of both operands, made narrow.</summary>
    public static Vector128<byte> Narrow<TWide, TNarrow>(Vector128<byte> a, Vector128<byte> b, Func<TWide, TNarrow> f)
        where TWide : unmanaged
        where TNarrow : unmanaged
    {
        var result = Vector128<TNarrow>.Zero;
        var half = Vector128<TWide>.Count;
        for (var i = 0; i < half; i++)
        {
            result = result.WithElement(i, f(Get<TWide>(a, i))).WithElement(half + i, f(Get<TWide>(b, i)));
        }

        return result.AsByte();
    }

    /// <summary>Lane by lane as far as both shapes reach; the rest is zero.</summary>
    public static Vector128<byte> Convert<TFrom, TTo>(Vector128<byte> a, Func<TFrom, TTo> f)
        where TFrom : unmanaged
        where TTo : unmanaged
    {
        var result = Vector128<TTo>.Zero;
        for (var i = 0; i < Math.Min(Vector128<TFrom>.Count, Vector128<TTo>.Count); i++)
        {
            result = result.WithElement(i, f(Get<TFrom>(a, i)));
        }

        return result.AsByte();
    }
}
