namespace Sojourn.Wasm.Wasi;

/// <summary>The guest ended itself with <c>proc_exit</c> or a signal raised on itself. It unwinds the guest; with exit code 0 it is success.</summary>
/// <param name="exitCode">The exit code, 128 and the signal's number after a signal.</param>
public sealed class WasiExitException(int exitCode)
    : TrapException(TrapKind.Exit, $"The program ended with exit code {exitCode}.")
{
    /// <summary>What the guest said: 0 means success.</summary>
    public int ExitCode { get; } = exitCode;
}
