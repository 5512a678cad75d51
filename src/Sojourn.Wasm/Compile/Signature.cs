using Sojourn.Wasm.Compile.Il;
using Sojourn.Wasm.Run;

namespace Sojourn.Wasm.Compile;

/// <summary>A function type as IL sees it: many types share one.</summary>
internal sealed record Signature(IlType[] Parameters, IlType[] Results)
{
    public static Signature Of(Store store, FunctionType type) =>
        new(IlTypes.Of(type.Parameters.AsSpan(), store.Types), IlTypes.Of(type.Results.AsSpan(), store.Types));

    public string Key => string.Concat(Parameters.Select(Letter)) + ">" + string.Concat(Results.Select(Letter));

    public Type[] ClrParameters => [.. Parameters.Select(IlTypes.Clr), typeof(nint)];

    public Type ClrResult => Results.Length == 0 ? typeof(void) : IlTypes.Clr(Results[0]);

    private static char Letter(IlType type) => (char)('a' + (int)type);
}
