using System.Globalization;
using Sojourn.Node.Enclaves;
using Sojourn.Protocol.EnclaveChannel;
using Sojourn.Testing;

namespace Sojourn.Enclave.Tests.Isolation;

/// <summary>An enclave's process under bubblewrap as the kernel describes it.</summary>
public sealed class SandboxTests
{
    private static readonly string Folder = Path.Combine(Vectors.Checkout, "artifacts", "enclave");

    [ToolFact("artifacts/enclave/sojourn-enclave", "bwrap")]
    public async Task The_kernel_agrees_with_every_piece_of_isolation()
    {
        await using var enclave = EnclaveProcess.Start(EnclaveImage.Measure(Folder), EnclaveSandbox.Bubblewrap, Tools.Find("bwrap"));
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var ready = EnclaveReady.Decode((await enclave.Channel.ReceiveAsync(limit.Token)).Payload.Span);
        Assert.Empty(ready.Missing);
        Assert.Contains(ready.Isolation, piece => piece.Piece == "keys-locked");
        var pid = Inside(enclave.ProcessId);
        var status = File.ReadAllLines($"/proc/{pid}/status").Select(line => line.Split(':', 2)).ToDictionary(parts => parts[0], parts => parts[1].Trim());
        Assert.Equal("2", status["Seccomp"]);
        Assert.Equal("1", status["NoNewPrivs"]);
        Assert.Equal("0000000000000000", status["CapEff"]);
        Assert.Equal("0000000000000000", status["CapPrm"]);
        Assert.NotEqual("0 kB", status["VmLck"]);
        // Every thread is under the filter, not only the one that installed it.
        Assert.All(Directory.GetDirectories($"/proc/{pid}/task"), task => Assert.Contains("Seccomp:\t2", File.ReadAllText(task + "/status"), StringComparison.Ordinal));
        foreach (var name in (string[])["net", "pid", "mnt", "ipc", "uts", "user"])
        {
            Assert.NotEqual(File.ResolveLinkTarget($"/proc/self/ns/{name}", false)!.Name, File.ResolveLinkTarget($"/proc/{pid}/ns/{name}", false)!.Name);
        }

        Assert.Equal(["lo"], File.ReadAllLines($"/proc/{pid}/net/dev").Skip(2).Select(line => line.Split(':')[0].Trim()));
        Assert.Empty(File.ReadAllLines($"/proc/{pid}/net/tcp").Skip(1));
        Assert.Equal(["DOTNET_EnableDiagnostics=0"], File.ReadAllText($"/proc/{pid}/environ").Split('\0', StringSplitOptions.RemoveEmptyEntries).Where(entry => !entry.StartsWith("PWD=", StringComparison.Ordinal)));
        Assert.Equal("Max core file size        0                    0                    bytes", File.ReadAllLines($"/proc/{pid}/limits").First(line => line.StartsWith("Max core", StringComparison.Ordinal)).TrimEnd());

        // Only its own files, read-only, and nothing of the host's.
        var mounts = File.ReadAllLines($"/proc/{pid}/mountinfo").Select(line => line.Split(' ')).Select(fields => (At: fields[4], Options: fields[5])).ToList();
        Assert.All(mounts, mount => Assert.True(mount.At is "/" or "/enclave" or "/lib64" or "/usr" or "/tmp" || mount.At.StartsWith("/proc", StringComparison.Ordinal) || mount.At.StartsWith("/dev", StringComparison.Ordinal), mount.At));
        Assert.All(mounts.Where(mount => mount.At is "/enclave" or "/lib64" or "/usr"), mount => Assert.StartsWith("ro", mount.Options, StringComparison.Ordinal));
        // What is mapped to be executed comes from the measured tree alone.
        var images = EnclaveImage.Measure(Folder);
        Assert.True(images.IsWhole);
        Assert.Contains(images.Files, file => file.Path.EndsWith("libcrypto.so.3", StringComparison.Ordinal));
        Assert.DoesNotContain(images.Files, file => file.Path.StartsWith("host:", StringComparison.Ordinal));
        var mapped = File.ReadAllLines($"/proc/{pid}/maps").Select(line => line.Split(' ', 6, StringSplitOptions.RemoveEmptyEntries)).Where(fields => fields.Length == 6 && fields[1].Contains('x') && fields[5].StartsWith('/'))
            .Select(fields => fields[5].Trim()).Where(path => !path.StartsWith("/memfd:", StringComparison.Ordinal)).Distinct().ToList();
        Assert.NotEmpty(mapped);
        Assert.All(mapped, path => Assert.Contains(images.Files, file => "/" + file.Path == path.Replace("/enclave/", "/", StringComparison.Ordinal) || file.Path == "system" + path || path.EndsWith("/" + file.Path, StringComparison.Ordinal)));
        // No socket of any kind, so no diagnostics port; no file but the conversation and what it runs.
        Assert.DoesNotContain(Directory.GetFileSystemEntries($"/proc/{pid}/root/tmp"), _ => true);
    }

    [ToolFact("artifacts/enclave/sojourn-enclave", "bwrap")]
    public async Task An_enclave_outlives_the_thread_that_asked_for_it_and_dies_with_its_node()
    {
        EnclaveProcess? enclave = null;
        var thread = new Thread(() => enclave = EnclaveProcess.Start(EnclaveImage.Measure(Folder), EnclaveSandbox.Bubblewrap, Tools.Find("bwrap")));
        thread.Start();
        thread.Join();
        await using var started = enclave!;
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        Assert.Equal(MessageType.Ready, (await started.Channel.ReceiveAsync(limit.Token)).Type);
        Assert.False(started.HasExited);
    }

    // Bubblewrap's child's child is the enclave.
    private static int Inside(int bubblewrap)
    {
        for (var at = bubblewrap; ;)
        {
            var children = File.ReadAllText($"/proc/{at}/task/{at}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (children.Length == 0)
            {
                return at;
            }

            at = int.Parse(children[0], CultureInfo.InvariantCulture);
        }
    }
}
