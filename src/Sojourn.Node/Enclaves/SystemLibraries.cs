namespace Sojourn.Node.Enclaves;

/// <summary>The few libraries of the system that an enclave's runtime needs. They execute inside the trusted computing base, so each is named, measured, and mounted. The build copies them into the image, where they are part of its one measurement.</summary>
public static class SystemLibraries
{
    private static readonly string[] Names =
    [
        "libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0", "librt.so.1", "libgcc_s.so.1", "libstdc++.so.6", "libssl.so.3", "libcrypto.so.3",
    ];

    private static readonly string[] Folders = ["/usr/lib/x86_64-linux-gnu", "/lib/x86_64-linux-gnu", "/usr/lib64", "/lib64", "/usr/lib", "/lib"];

    /// <summary>The program interpreter of x86-64 ELF executables.</summary>
    public const string Interpreter = "/lib64/ld-linux-x86-64.so.2";

    /// <summary>Where each library is on this machine; those that the system has merged into the C library are left out.</summary>
    public static IReadOnlyList<string> Find() =>
        [Interpreter, .. Names.Select(name => Folders.Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists)).OfType<string>()];
}
