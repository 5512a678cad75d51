using Sojourn.Wasm;

namespace Sojourn.Benchmarks.Wasm;

/// <summary>The host function of <see cref="CallsModule"/>, called by address.</summary>
[HostModule("env")]
internal sealed partial class AddingHost
{
    [HostFunction("add")]
    public int Add(int a, int b) => a + b;
}

/// <summary>Exports of <see cref="CallsModule"/>.</summary>
[GuestExports]
internal sealed partial class TouchingGuest
{
    [GuestFunction("touch")]
    public partial int Touch(int at);
}
