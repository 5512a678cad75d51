namespace Sojourn.Wasm.Wasi;

/// <summary>The guest ended itself with <c>proc_exit</c> or a signal raised on itself. It unwinds the guest; it is no failure of the host.</summary>
/// <param name="exitCode">The exit code, 128 and the signal's number after a signal.</param>
public sealed class WasiExitException(int exitCode) : Exception($"The program ended with exit code {exitCode}.")
{
    /// <summary>What the guest said: 0 means success.</summary>
    public int ExitCode { get; } = exitCode;
}
