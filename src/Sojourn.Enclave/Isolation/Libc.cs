using System.Runtime.InteropServices;

namespace Sojourn.Enclave.Isolation;

/// <summary>The system calls that the process shuts itself in with.</summary>
internal static partial class Libc
{
    public const int PrSetDumpable = 4;
    public const int PrSetNoNewPrivs = 38;
    public const int PrGetNoNewPrivs = 39;
    public const int PrGetDumpable = 3;
    public const int PrGetSeccomp = 21;
    public const int RlimitCore = 4;
    public const int RlimitFsize = 1;
    public const int SysSeccomp = 317;

    [LibraryImport("libc", EntryPoint = "prctl", SetLastError = true)]
    public static partial int Prctl(int option, nuint a, nuint b, nuint c, nuint d);

    [LibraryImport("libc", EntryPoint = "setrlimit", SetLastError = true)]
    public static partial int SetRlimit(int resource, in Rlimit limit);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    public static unsafe partial nint Seccomp(nint number, nuint operation, nuint flags, SockFprog* program);

    [LibraryImport("libc", EntryPoint = "getpid")]
    public static partial int GetPid();

    [StructLayout(LayoutKind.Sequential)]
    public readonly record struct Rlimit(ulong Soft, ulong Hard);

    /// <summary><c>struct sock_fprog</c> of linux/filter.h.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public unsafe struct SockFprog
    {
        public ushort Length;
        public SockFilter* Filter;
    }

    /// <summary><c>struct sock_filter</c> of linux/filter.h.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public readonly record struct SockFilter(ushort Code, byte JumpTrue, byte JumpFalse, uint K);
}
