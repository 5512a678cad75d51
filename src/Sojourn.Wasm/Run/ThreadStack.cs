using System.Runtime.InteropServices;

namespace Sojourn.Wasm.Run;

/// <summary>How far down this thread's stack may be used by a guest.</summary>
internal static unsafe partial class ThreadStack
{
    /// <summary>Left for host functions, the runtime and its exception handling below the guest's deepest frame.</summary>
    private const int ReserveBytes = (320 << 10) + FrameBytesMax;

    /// <summary>The largest frame of compiled code: a frame is there before its function can look at the limit.</summary>
    public const int FrameBytesMax = 320 << 10;

    [ThreadStatic]
    private static nint lowest;

    /// <summary>The lowest address a guest's frame may begin at.</summary>
    public static nint LowestUsable() => lowest != 0 ? lowest : lowest = Find();

    private static nint Find()
    {
        byte marker;
        var here = (nint)(&marker);
        if (OperatingSystem.IsLinux())
        {
            // pthread_attr_t is 56 bytes on x86-64 and 64 on arm64; room is left.
            var attributes = stackalloc byte[256];
            if (GetAttributes(Self(), attributes) == 0)
            {
                var found = GetStack(attributes, out var bottom, out var size) == 0;
                DestroyAttributes(attributes);
                if (found && bottom < here && here - bottom <= (long)size)
                {
                    // The main thread's stack grows up to its limit; what may be missing below is the kernel's gap of a few pages.
                    return bottom + ReserveBytes;
                }
            }
        }

        // Elsewhere: what the platform promises every thread, less the reserve.
        return here - (256 << 10);
    }

    [LibraryImport("libc", EntryPoint = "pthread_self")]
    private static partial nint Self();

    [LibraryImport("libc", EntryPoint = "pthread_getattr_np")]
    private static partial int GetAttributes(nint thread, byte* attributes);

    [LibraryImport("libc", EntryPoint = "pthread_attr_getstack")]
    private static partial int GetStack(byte* attributes, out nint bottom, out nuint size);

    [LibraryImport("libc", EntryPoint = "pthread_attr_destroy")]
    private static partial int DestroyAttributes(byte* attributes);
}
