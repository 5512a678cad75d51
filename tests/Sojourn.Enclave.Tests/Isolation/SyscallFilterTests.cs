using Sojourn.Enclave.Isolation;

namespace Sojourn.Enclave.Tests.Isolation;

/// <summary>The filter's program, run by a small interpreter of classic BPF, for every system call that an attacker inside would want.</summary>
public sealed class SyscallFilterTests
{
    private const uint Allow = 0x7FFF0000;
    private const uint Kill = 0x80000000;
    private const uint Eperm = 0x00050001;
    private const uint Arch = 0xC000003E;
    private const uint Pid = 4242;
    private static readonly Libc.SockFilter[] Program = SyscallFilter.Build(Pid);

    [Theory]
    [InlineData("socket", 41)]
    [InlineData("connect", 42)]
    [InlineData("socketpair", 53)]
    [InlineData("fork", 57)]
    [InlineData("vfork", 58)]
    [InlineData("execve", 59)]
    [InlineData("execveat", 322)]
    [InlineData("ptrace", 101)]
    [InlineData("process_vm_readv", 310)]
    [InlineData("process_vm_writev", 311)]
    [InlineData("mount", 165)]
    [InlineData("unshare", 272)]
    [InlineData("setns", 308)]
    [InlineData("bpf", 321)]
    [InlineData("perf_event_open", 298)]
    [InlineData("userfaultfd", 323)]
    [InlineData("io_uring_setup", 425)]
    [InlineData("keyctl", 250)]
    [InlineData("finit_module", 313)]
    [InlineData("setuid", 105)]
    [InlineData("chroot", 161)]
    [InlineData("pidfd_getfd", 438)]
    public void An_attempt_ends_the_process(string name, uint number) => Assert.True(Run(number) == Kill, name);

    [Theory]
    [InlineData("kill", 62)]
    [InlineData("tkill", 200)]
    [InlineData("rt_sigqueueinfo", 129)]
    [InlineData("creat", 85)]
    [InlineData("unlink", 87)]
    [InlineData("rename", 82)]
    [InlineData("mkdir", 83)]
    [InlineData("symlink", 88)]
    [InlineData("truncate", 76)]
    [InlineData("setrlimit", 160)]
    [InlineData("sendto", 44)]
    [InlineData("sendmsg", 46)]
    [InlineData("shmget", 29)]
    [InlineData("msgget", 68)]
    [InlineData("inotify_init1", 294)]
    [InlineData("openat2", 437)]
    [InlineData("a call of a later kernel", 600)]
    public void Everything_else_that_is_not_named_is_refused(string name, uint number) => Assert.True(Run(number) == Eperm, name);

    [Fact]
    public void Arguments_decide_where_a_call_has_good_and_bad_uses()
    {
        Assert.Equal(Allow, Run(0));
        Assert.Equal(Allow, Run(1));
        // clone: threads, never processes; clone3 answers ENOSYS so that the C library falls back.
        Assert.Equal(Allow, Run(56, 0x003D0F00));
        Assert.Equal(Eperm, Run(56, 0x01200011));
        Assert.Equal(0x00050026u, Run(435));
        // openat and open: to read only.
        Assert.Equal(Allow, Run(257, 0xFFFFFF9C, 0, 0));
        Assert.Equal(Allow, Run(257, 0xFFFFFF9C, 0, 0x80000));
        foreach (var flags in (uint[])[1, 2, 0x40, 0x200, 0x400, 0x41, 0x80042])
        {
            Assert.Equal(Eperm, Run(257, 0xFFFFFF9C, 0, flags));
            Assert.Equal(Eperm, Run(2, 0, flags));
        }

        // tgkill: this process's own threads.
        Assert.Equal(Allow, Run(234, Pid, 5, 6));
        Assert.Equal(Eperm, Run(234, 1, 5, 9));
        // prlimit64: read only, by both halves of the pointer.
        Assert.Equal(Allow, Run(302, 0, 7, 0));
        Assert.Equal(Eperm, Run(302, 0, 7, 0x7fff0000));
        Assert.Equal(Eperm, Run(302, [0, 7, 0x1_0000_0000]));
        // prctl: names; not PR_SET_DUMPABLE, PR_SET_PDEATHSIG, PR_SET_SECCOMP, PR_CAPBSET_DROP, PR_SET_MM.
        Assert.Equal(Allow, Run(157, 15));
        Assert.Equal(Allow, Run(157, 0x53564D41));
        foreach (var option in (uint[])[1, 4, 22, 24, 35, 36, 0x59616d61])
        {
            Assert.Equal(Eperm, Run(157, option));
        }
    }

    [Fact]
    public void Other_architectures_and_the_x32_numbers_end_the_process()
    {
        Assert.Equal(Kill, Interpret(0x40000003, 1, []));
        Assert.Equal(Kill, Interpret(0xC00000B7, 1, []));
        Assert.Equal(Kill, Run(0x40000000));
        Assert.Equal(Kill, Run(0x40000000 + 59));
    }

    private static uint Run(uint number, params ulong[] arguments) => Interpret(Arch, number, arguments);

    // The four instructions that the filter uses: load a word, jump if equal, if greater or equal, if any bit is set; return.
    private static uint Interpret(uint arch, uint number, ulong[] arguments)
    {
        uint a = 0;
        for (var pc = 0; ; pc++)
        {
            var (code, yes, no, k) = Program[pc];
            switch (code)
            {
                case 0x20:
                    var argument = (int)(k - 16) / 8;
                    a = k switch { 0 => number, 4 => arch, >= 16 => (uint)((argument < arguments.Length ? arguments[argument] : 0) >> (k % 8 == 4 ? 32 : 0)), _ => throw new InvalidOperationException() };
                    break;
                case 0x15: pc += a == k ? yes : no; break;
                case 0x35: pc += a >= k ? yes : no; break;
                case 0x45: pc += (a & k) != 0 ? yes : no; break;
                case 0x06: return k;
                default: throw new InvalidOperationException($"instruction {code:x}");
            }
        }
    }
}
