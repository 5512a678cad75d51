using System.Runtime.CompilerServices;
using System.Security.Cryptography;

namespace Sojourn.Cryptography.Secrets;

/// <summary>Overwrites the part of the stack that calls just returned from used, where limbs of secrets were spilled.</summary>
internal static class StackHygiene
{
    /// <summary>Deeper than any chain of our arithmetic; the platform's library wipes its own.</summary>
    private const int Depth = 16 * 1024;

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Wipe()
    {
        Span<byte> below = stackalloc byte[Depth];
        CryptographicOperations.ZeroMemory(below);
    }
}
