using System.Runtime.InteropServices;

namespace Sojourn.Enclave.Isolation;

/// <summary>The seccomp filter: what the runtime, the garbage collector and the guest's memory need, and nothing that reaches out.</summary>
/// <remarks>
/// Anything not listed answers EPERM. There is no socket, no exec, no new process, no signal to another process, no file opened
/// for writing, no ptrace, no io_uring (which would go around the filter), no second filter.
/// Installed by seccomp(2) with TSYNC, because prctl would leave the runtime's other threads unfiltered.
/// </remarks>
internal static class SyscallFilter
{
    private const uint AuditArchX64 = 0xC000003E;
    private const uint Allow = 0x7FFF0000;
    private const uint KillProcess = 0x80000000;
    private const uint Errno = 0x00050000;
    private const uint Eperm = 1;
    private const uint Enosys = 38;
    private const uint CloneThread = 0x00010000;

    // O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND
    private const uint OpenForWriting = 0x1 | 0x2 | 0x40 | 0x200 | 0x400;

    // x86-64 numbers, by what they serve.
    private static readonly uint[] Plain =
    [
        0, 1, 3, 17, 18, 19, 20, 8, 5, 262, 332, 4, 6, // read write close pread64 pwrite64 readv writev lseek fstat newfstatat statx stat lstat
        9, 10, 11, 12, 25, 26, 27, 28, 149, 150, 325, 319, 447, 77, // mmap mprotect munmap brk mremap msync mincore madvise mlock munlock mlock2 memfd_create memfd_secret ftruncate
        13, 14, 15, 131, 219, // rt_sigaction rt_sigprocmask rt_sigreturn sigaltstack restart_syscall
        24, 202, 449, 273, 274, 334, 324, 203, 204, 309, 39, 186, 218, 158, 144, 145, 143, 142, // sched_yield futex futex_waitv set/get_robust_list rseq membarrier sched_{set,get}affinity getcpu getpid gettid set_tid_address arch_prctl sched_*
        228, 229, 230, 35, 96, 201, // clock_gettime clock_getres clock_nanosleep nanosleep gettimeofday time
        318, 60, 231, // getrandom exit exit_group
        7, 271, 22, 293, 32, 33, 72, 73, // poll ppoll pipe pipe2 dup dup2 fcntl flock
        21, 269, 439, 89, 267, 79, 217, // access faccessat faccessat2 readlink readlinkat getcwd getdents64
        63, 99, 97, 98, 102, 104, 107, 108, 110, 237, 239, 238, 100, // uname sysinfo getrlimit getrusage get*id getppid mbind get/set_mempolicy times
    ];

    // What no run of this process needs and no accident calls: an attempt ends the process at once.
    private static readonly uint[] Deadly =
    [
        41, 42, 43, 49, 50, 53, 288, // socket connect accept bind listen socketpair accept4
        57, 58, 59, 322, // fork vfork execve execveat
        101, 310, 311, 312, // ptrace process_vm_readv process_vm_writev kcmp
        161, 155, 165, 166, 272, 308, 428, 429, 430, 442, // chroot pivot_root mount umount2 unshare setns open_tree move_mount fsopen mount_setattr
        175, 176, 313, 246, 320, 169, 170, 171, // init_module delete_module finit_module kexec_load kexec_file_load reboot sethostname setdomainname
        248, 249, 250, 298, 321, 323, 425, 426, 427, // add_key request_key keyctl perf_event_open bpf userfaultfd io_uring_setup io_uring_enter io_uring_register
        105, 106, 117, 119, 126, 172, 173, // setuid setgid setresuid setresgid capset iopl ioperm
        434, 438, // pidfd_open pidfd_getfd
    ];

    private const uint SysOpenat = 257;
    private const uint SysOpen = 2;
    private const uint SysClone = 56;
    private const uint SysClone3 = 435;
    private const uint SysTgkill = 234;
    private const uint SysPrlimit64 = 302;
    private const uint SysPrctl = 157;

    /// <summary>Whether this architecture has a filter.</summary>
    public static bool Supported => OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture == Architecture.X64;

    /// <summary>Installs the filter on every thread.</summary>
    /// <returns>Null, or why the kernel refused.</returns>
    public static unsafe string? Install()
    {
        var program = Build((uint)Libc.GetPid());
        fixed (Libc.SockFilter* first = program)
        {
            var fprog = new Libc.SockFprog { Length = (ushort)program.Length, Filter = first };
            // SECCOMP_SET_MODE_FILTER = 1, SECCOMP_FILTER_FLAG_TSYNC = 1
            var result = Libc.Seccomp(Libc.SysSeccomp, 1, 1, &fprog);
            return result == 0 ? null : $"seccomp(2) answered {result} (errno {Marshal.GetLastPInvokeError()})";
        }
    }

    /// <summary>The program, for this process.</summary>
    /// <param name="pid">The only process that may be signalled.</param>
    internal static Libc.SockFilter[] Build(uint pid)
    {
        var code = new List<Libc.SockFilter>
        {
            Load(4), // seccomp_data.arch
            JumpIf(AuditArchX64, 1, 0),
            Return(KillProcess),
            Load(0), // seccomp_data.nr
            // The x32 ABI has the same arch value and other numbers.
            new(0x35, 0, 1, 0x40000000),
            Return(KillProcess),
        };
        foreach (var number in Plain)
        {
            code.Add(JumpIf(number, 0, 1));
            code.Add(Return(Allow));
        }

        foreach (var number in Deadly)
        {
            code.Add(JumpIf(number, 0, 1));
            code.Add(Return(KillProcess));
        }

        // glibc falls back to clone, whose flags can be looked at.
        code.AddRange([JumpIf(SysClone3, 0, 1), Return(Errno | Enosys)]);
        // Threads, never processes.
        code.AddRange([JumpIf(SysClone, 0, 4), Load(16), new(0x45, 0, 1, CloneThread), Return(Allow), Return(Errno | Eperm)]);
        // Files are opened to be read.
        code.AddRange([JumpIf(SysOpenat, 0, 4), Load(32), new(0x45, 1, 0, OpenForWriting), Return(Allow), Return(Errno | Eperm)]);
        code.AddRange([JumpIf(SysOpen, 0, 4), Load(24), new(0x45, 1, 0, OpenForWriting), Return(Allow), Return(Errno | Eperm)]);
        // The runtime interrupts its own threads by a signal.
        code.AddRange([JumpIf(SysTgkill, 0, 4), Load(16), JumpIf(pid, 0, 1), Return(Allow), Return(Errno | Eperm)]);
        // Limits may be read: the pointer to a new limit is null in both halves.
        code.AddRange([JumpIf(SysPrlimit64, 0, 6), Load(32), JumpIf(0, 0, 3), Load(36), JumpIf(0, 0, 1), Return(Allow), Return(Errno | Eperm)]);
        // Thread names and memory names; PR_SET_DUMPABLE and the rest stay as they were set.
        code.AddRange([JumpIf(SysPrctl, 0, 7), Load(16), JumpIf(15, 4, 0), JumpIf(0x53564D41, 3, 0), JumpIf(Libc.PrGetSeccomp, 2, 0), JumpIf(Libc.PrGetNoNewPrivs, 1, 0), Return(Errno | Eperm), Return(Allow)]);
        code.Add(Return(Errno | Eperm));
        return [.. code];
    }

    // BPF_LD | BPF_W | BPF_ABS
    private static Libc.SockFilter Load(uint offset) => new(0x20, 0, 0, offset);

    // BPF_JMP | BPF_JEQ | BPF_K
    private static Libc.SockFilter JumpIf(uint value, byte yes, byte no) => new(0x15, yes, no, value);

    // BPF_RET | BPF_K
    private static Libc.SockFilter Return(uint value) => new(0x06, 0, 0, value);
}
