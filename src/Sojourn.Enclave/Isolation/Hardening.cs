using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Sojourn.Protocol.EnclaveChannel;

namespace Sojourn.Enclave.Isolation;

/// <summary>Shuts the process in before it sees a key: no new privileges, no dump, no core, no reaching out.</summary>
internal static class Hardening
{
    /// <summary>Applies every piece that this kernel offers.</summary>
    /// <returns>What holds and what does not.</returns>
    public static ImmutableArray<IsolationPiece> Apply()
    {
        var pieces = ImmutableArray.CreateBuilder<IsolationPiece>();
        if (!OperatingSystem.IsLinux())
        {
            return [new IsolationPiece("linux", "process isolation is written for Linux")];
        }

        pieces.Add(new IsolationPiece("no-new-privs", Check(Libc.Prctl(Libc.PrSetNoNewPrivs, 1, 0, 0, 0))));
        pieces.Add(new IsolationPiece("not-dumpable", Check(Libc.Prctl(Libc.PrSetDumpable, 0, 0, 0, 0))));
        pieces.Add(new IsolationPiece("no-core", Check(Libc.SetRlimit(Libc.RlimitCore, new Libc.Rlimit(0, 0)))));
        pieces.Add(new IsolationPiece("no-network", NetworkMissing()));
        pieces.Add(new IsolationPiece("diagnostics-shut", DiagnosticsOpen()));
        pieces.Add(new IsolationPiece("keys-locked", LockMissing()));
        pieces.Add(new IsolationPiece("syscall-filter", SyscallFilter.Supported ? SyscallFilter.Install() : "there is no filter for this architecture yet"));
        return pieces.ToImmutable();
    }

    private static string? Check(int result) => result == 0 ? null : $"errno {Marshal.GetLastPInvokeError()}";

    // Keys lie in pages of their own that are locked into memory; the limit must leave room for a few.
    private static string? LockMissing()
    {
        using var key = Cryptography.Secrets.SecretKey.Random();
        var locked = File.ReadLines("/proc/self/status").FirstOrDefault(line => line.StartsWith("VmLck:", StringComparison.Ordinal));
        return locked is not null && !locked.EndsWith(" 0 kB", StringComparison.Ordinal) ? null : "key pages cannot be locked: raise the limit of locked memory (memlock) to 1 MiB";
    }

    // In a network namespace of its own a process sees the loopback interface alone.
    private static string? NetworkMissing()
    {
        try
        {
            var others = File.ReadLines("/proc/self/net/dev").Skip(2).Select(line => line.Split(':')[0].Trim()).Where(name => name != "lo").ToArray();
            return others.Length == 0 ? null : $"the host's network is visible ({string.Join(", ", others)}); start it through bubblewrap";
        }
        catch (IOException)
        {
            return null; // No /proc/net: there is no network to see.
        }
        catch (UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static string? DiagnosticsOpen()
    {
        var found = Directory.Exists("/tmp") ? Directory.GetFiles("/tmp", $"dotnet-diagnostic-{Libc.GetPid()}-*") : [];
        return found.Length == 0 ? null : $"a diagnostics socket exists: {found[0]}";
    }
}
