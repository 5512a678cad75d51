using System.Runtime.Intrinsics;

namespace Sojourn.Wasm.Tests.Generators;

/// <summary>Every shape that can be handed over.</summary>
[HostModule("env")]
internal sealed partial class EchoHost
{
    public List<string> Said { get; } = [];

    public Instance? Caller { get; private set; }

    [HostFunction("numbers")]
    public (int, uint, long, ulong, float, double, bool) Numbers(int a, uint b, long c, ulong d, float e, double f, bool g) => (a - 1, b - 1, c - 1, d - 1, -e, -f, !g);

    [HostFunction("references")]
    public (object?, Function?, Vector128<byte>) References(Caller caller, object? o, Function? f, Vector128<byte> v)
    {
        Caller = caller.Instance;
        return (o is string text ? text + "!" : o, f, ~v);
    }

    [HostFunction("function")]
    public Function? Same(Function? function) => function;

    [HostFunction("flag")]
    public static bool Not(bool flag) => !flag;

    [HostFunction("unsigned")]
    public uint Half(uint number) => number / 2;

    [HostFunction("say", Module = "words")]
    public void Say(string words) => Said.Add(words);

    [HostFunction("copy", Module = "words")]
    public static int Copy(ReadOnlySpan<byte> from, Span<byte> to)
    {
        from.CopyTo(to);
        return from.Length;
    }

    [HostFunction("fail")]
    public int Fail(int kind) => kind == 0 ? throw new InvalidOperationException("the host's own") : throw new TrapException((TrapKind)kind);
}

[HostModule("calls")]
internal sealed partial class AddingHost
{
    [HostFunction("add")]
    public int Add(int a, int b) => unchecked(a + b);
}

[HostModule("of another store")]
internal sealed partial class ForeignHost(Function? foreign)
{
    [HostFunction("function")]
    public Function? Give() => foreign;
}

/// <summary>The guest of <see cref="GeneratedCodeTests"/>.</summary>
[GuestExports]
internal sealed partial class EchoGuest
{
    [GuestFunction("numbers")]
    public partial (int A, uint B, long C, ulong D, float E, double F, bool G) Numbers(int a, uint b, long c, ulong d, float e, double f, bool g);

    [GuestFunction("references")]
    public partial (object? O, Function? F, Vector128<byte> V) References(object? o, Function? f, Vector128<byte> v);

    [GuestFunction("function")]
    public partial Function? Same(Function? function);

    [GuestFunction("flag")]
    public partial bool Not(bool flag);

    [GuestFunction("unsigned")]
    public partial uint Half(uint number);

    [GuestFunction("say")]
    public partial void Say(int at, int length);

    [GuestFunction("copy")]
    public partial int Copy(int from, int length, int to, int room);

    [GuestFunction("fail")]
    public partial int Fail(int kind);

    [GuestFunction("peek")]
    public partial int Peek(int at);
}
