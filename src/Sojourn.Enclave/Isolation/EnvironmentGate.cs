using System.Collections;

namespace Sojourn.Enclave.Isolation;

/// <summary>Refuses to start under an environment that could run foreign code in this process.</summary>
/// <remarks>
/// The environment is the host's and is not measured. A start-up hook, a profiler, a preloaded library or an
/// OpenSSL configuration would execute inside the trusted computing base, even in a self-contained build.
/// </remarks>
internal static class EnvironmentGate
{
    /// <summary>The one runtime variable that must be there: the diagnostics port can be shut by no other means.</summary>
    public const string DiagnosticsOff = "DOTNET_EnableDiagnostics";

    private static readonly string[] RefusedPrefixes = ["DOTNET_", "COMPLUS_", "CORECLR_", "COREHOST_", "LD_", "OPENSSL_", "SSL_", "MALLOC_", "GLIBC_", "LTTNG_", "CLR_"];

    /// <summary>The first reason not to start, or null.</summary>
    /// <param name="environment">The process's environment.</param>
    public static string? Refusal(IDictionary environment)
    {
        foreach (DictionaryEntry entry in environment)
        {
            var name = (string)entry.Key;
            if (name == DiagnosticsOff)
            {
                continue;
            }

            if (RefusedPrefixes.Any(prefix => name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase)))
            {
                return $"the environment variable {name} could run foreign code here; start the enclave with a cleared environment";
            }
        }

        return environment[DiagnosticsOff] as string == "0"
            ? null
            : $"{DiagnosticsOff}=0 is not set, so the runtime's diagnostics port may be open";
    }
}
