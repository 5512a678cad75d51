namespace Sojourn.Benchmarks.Wasm;

/// <summary>Where the programs and peers are.</summary>
internal static class Places
{
    private static readonly string Root = Environment.GetEnvironmentVariable("SOJOURN_ROOT") ?? Directory.GetCurrentDirectory();

    private static string Packages { get; } = Path.Combine(Root, "tests", "peers", "wasm", "node_modules");

    public static string Kernels { get; } = Path.Combine(AppContext.BaseDirectory, "Wasm", "Kernels");

    public static string Peers { get; } = Path.Combine(AppContext.BaseDirectory, "Wasm", "Peers");

    public static string QuickJs { get; } = Path.Combine(Packages, "@jitl", "quickjs-wasmfile-release-sync");

    public static string Sqlite { get; } = Path.Combine(Packages, "sql.js");

    public static string Circom { get; } = Path.Combine(Packages, "circom2", "circom.wasm");

    /// <summary>The program that Wasmtime 42 is inside of.</summary>
    public static string Wizer { get; } = Path.Combine(Packages, "@bytecodealliance", "wizer-linux-x64", "wizer");

    public static string CommandLine { get; } = Path.Combine(Root, "artifacts", "sojourn", "sojourn.dll");
}
