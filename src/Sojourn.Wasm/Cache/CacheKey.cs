using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace Sojourn.Wasm.Cache;

/// <summary>Names what compiled code depends on: the module, how it was to be compiled, by which engine, for which runtime and processor.</summary>
internal static class CacheKey
{
    /// <summary>Bytes of a key.</summary>
    public const int Length = 32;

    /// <summary>Everything but the module and its options. The engine's and the runtime's builds are named by their own digests: a rebuilt engine has an empty cache.</summary>
    private static readonly string Machine = string.Join(
        '\n',
        "sojourn wasm code 1",
        typeof(CacheKey).Module.ModuleVersionId.ToString("N"),
        typeof(object).Module.ModuleVersionId.ToString("N"),
        RuntimeInformation.RuntimeIdentifier,
        ProcessorFeatures.Names);

    /// <summary>The key of a module.</summary>
    /// <param name="bytes">The module.</param>
    /// <param name="options">How it is compiled.</param>
    /// <param name="guarded">Whether code relies on guard pages.</param>
    public static byte[] Of(ReadOnlySpan<byte> bytes, ModuleOptions options, bool guarded)
    {
        // The record prints every option that it has, so a new one cannot be forgotten here.
        var text = string.Create(CultureInfo.InvariantCulture, $"{Machine}\n{guarded}\n{options}\n");
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes(text));
        hash.AppendData(SHA256.HashData(bytes));
        return hash.GetHashAndReset();
    }
}
