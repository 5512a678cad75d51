using System.Runtime.InteropServices;

namespace Sojourn.Cryptography.Secrets;

/// <summary>Hands out unmanaged memory for secrets: never moved or copied by the collector, kept out of swap and core dumps where the system allows.</summary>
internal static unsafe partial class SecretMemory
{
    private const int SlotSize = 64;
    private const int PageSize = 4096;
    private const int MadviseDontDump = 16;
    private const int MadviseDontFork = 10;

    private static readonly Lock Gate = new();
    private static readonly Stack<nint> FreeSlots = new();

    /// <summary>Zeroed memory of at least that many bytes.</summary>
    public static byte* Allocate(int length)
    {
        if (length > SlotSize)
        {
            return AllocatePages(length);
        }

        lock (Gate)
        {
            if (FreeSlots.Count == 0)
            {
                // A page of slots at a time: locking is per page, so secrets share pages with nothing else.
                var page = AllocatePages(PageSize);
                for (var offset = PageSize - SlotSize; offset >= 0; offset -= SlotSize)
                {
                    FreeSlots.Push((nint)(page + offset));
                }
            }

            return (byte*)FreeSlots.Pop();
        }
    }

    /// <summary>Wipes and takes back what <see cref="Allocate"/> gave.</summary>
    public static void Free(byte* memory, int length)
    {
        System.Security.Cryptography.CryptographicOperations.ZeroMemory(new Span<byte>(memory, Math.Max(length, length > SlotSize ? length : SlotSize)));
        if (length <= SlotSize)
        {
            lock (Gate)
            {
                FreeSlots.Push((nint)memory);
            }

            return;
        }

        if (OperatingSystem.IsLinux())
        {
            _ = Unlock(memory, (nuint)RoundUp(length));
        }

        NativeMemory.AlignedFree(memory);
    }

    private static byte* AllocatePages(int length)
    {
        var size = (nuint)RoundUp(length);
        var memory = (byte*)NativeMemory.AlignedAlloc(size, PageSize);
        NativeMemory.Clear(memory, size);
        if (OperatingSystem.IsLinux())
        {
            // Best effort: a container's memlock limit may be small, and a secret in ordinary memory still works.
            _ = LockPages(memory, size);
            _ = Advise(memory, size, MadviseDontDump);
            _ = Advise(memory, size, MadviseDontFork);
        }

        return memory;
    }

    private static long RoundUp(int length) => (length + (long)PageSize - 1) / PageSize * PageSize;

    [LibraryImport("libc", EntryPoint = "mlock")]
    private static partial int LockPages(void* address, nuint length);

    [LibraryImport("libc", EntryPoint = "munlock")]
    private static partial int Unlock(void* address, nuint length);

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(void* address, nuint length, int advice);
}
