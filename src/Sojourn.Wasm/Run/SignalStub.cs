using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Sojourn.Wasm.Run;

/// <summary>Turns faults in guard pages into exceptions of the runtime.</summary>
/// <remarks>
/// The runtime makes a <see cref="NullReferenceException"/> only of faults near address zero. A handler of some twenty machine
/// instructions is put in front of the runtime's: if the fault address lies in the arena, it stores the address in the slot's
/// context, lets the signal's record say that the fault was near zero, and in every case jumps on to the runtime's handler.
/// It is machine code because a managed handler could not run in a signal; it needs no stack and calls nothing.
/// </remarks>
internal static unsafe partial class SignalStub
{
    private const int SignalSegv = 11;
    private const int FlagSigInfo = 4;

    // glibc's struct sigaction on x86-64: handler, mask of 128 bytes, flags, restorer.
    private const int ActionBytes = 152;
    private const int FlagsOffset = 136;

    /// <summary>Whether the machine is one that the stub is written for.</summary>
    public static bool IsSupported => OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture == Architecture.X64 && nint.Size == 8;

    /// <summary>Puts the stub in front of the runtime's handler, once per process.</summary>
    /// <param name="arenas">Where faults are the guest's.</param>
    public static bool Install(params ReadOnlySpan<GuardArena> arenas)
    {
        if (!IsSupported)
        {
            return false;
        }

        var old = stackalloc byte[ActionBytes];
        if (Action(SignalSegv, null, old) != 0)
        {
            return false;
        }

        var previous = *(nint*)old;
        var flags = *(int*)(old + FlagsOffset);
        if (previous is 0 or 1 || (flags & FlagSigInfo) == 0)
        {
            return false;
        }

        var page = VirtualMemory.Reserve(VirtualMemory.PageSize);
        if (page == 0 || !VirtualMemory.Commit(page, VirtualMemory.PageSize))
        {
            return false;
        }

        Write(new((void*)page, VirtualMemory.PageSize), arenas, previous);
        if (!VirtualMemory.MakeExecutable(page, VirtualMemory.PageSize))
        {
            VirtualMemory.Release(page, VirtualMemory.PageSize);
            return false;
        }

        // The same flags, mask and restorer as the runtime's own.
        *(nint*)old = page;
        return Action(SignalSegv, old, null) == 0;
    }

    // Arguments of the handler: edi the signal, rsi the siginfo (si_addr at 16), rdx the context.
    private static void Write(Span<byte> code, ReadOnlySpan<GuardArena> arenas, nint previous)
    {
        var at = 0;
        Put(code, ref at, 0x48, 0x8B, 0x46, 0x10); // mov rax, [rsi+16]
        foreach (var arena in arenas)
        {
            Put(code, ref at, 0x48, 0xB9); // mov rcx, start
            Put64(code, ref at, arena.Start);
            Put(code, ref at, 0x49, 0x89, 0xC0); // mov r8, rax
            Put(code, ref at, 0x49, 0x29, 0xC8); // sub r8, rcx
            Put(code, ref at, 0x48, 0xB9); // mov rcx, bytes
            Put64(code, ref at, arena.Bytes);
            Put(code, ref at, 0x49, 0x39, 0xC8); // cmp r8, rcx
            var jump = at;
            Put(code, ref at, 0x73, 0x00); // jae next
            Put(code, ref at, 0x48, 0xB9); // mov rcx, -slot
            Put64(code, ref at, -arena.SlotBytes);
            Put(code, ref at, 0x48, 0x21, 0xC1); // and rcx, rax: the slot, which is aligned
            Put(code, ref at, 0x48, 0x89, 0x81); // mov [rcx + context], rax
            Put32(code, ref at, ContextLayout.ContextBytes + ContextLayout.FaultAddress);
            Put(code, ref at, 0x48, 0xC7, 0x46, 0x10, 0x08, 0x00, 0x00, 0x00); // mov qword [rsi+16], 8
            code[jump + 1] = (byte)(at - (jump + 2));
        }

        Put(code, ref at, 0x48, 0xB8); // mov rax, previous
        Put64(code, ref at, previous);
        Put(code, ref at, 0xFF, 0xE0); // jmp rax
    }

    private static void Put(Span<byte> code, ref int at, params ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(code[at..]);
        at += bytes.Length;
    }

    private static void Put32(Span<byte> code, ref int at, int value)
    {
        BinaryPrimitives.WriteInt32LittleEndian(code[at..], value);
        at += 4;
    }

    private static void Put64(Span<byte> code, ref int at, long value)
    {
        BinaryPrimitives.WriteInt64LittleEndian(code[at..], value);
        at += 8;
    }

    [LibraryImport("libc", EntryPoint = "sigaction")]
    private static partial int Action(int signal, byte* action, byte* old);
}
