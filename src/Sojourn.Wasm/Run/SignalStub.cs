namespace Sojourn.Wasm.Run;

/// <summary>Turns faults in guard pages into exceptions of the runtime.</summary>
internal static class SignalStub
{
    public static bool IsSupported => false;

    public static bool Install(nint arena, long bytes) => false;
}
