using Sojourn.Wasm.Text;

namespace Sojourn.Benchmarks.Wasm;

/// <summary>The small module for calls of host functions, traps and instances.</summary>
internal static class CallsModule
{
    public static byte[] Bytes { get; } = Wat.ToBinary(System.IO.File.ReadAllText(Path.Combine(Places.Peers, "calls.wat")));

    /// <summary>The binary as a file, for peers.</summary>
    public static string File { get; } = Write();

    private static string Write()
    {
        var file = Path.Combine(AppContext.BaseDirectory, "calls.wasm");
        System.IO.File.WriteAllBytes(file, Bytes);
        return file;
    }
}
