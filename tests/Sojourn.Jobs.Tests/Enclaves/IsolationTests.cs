using System.Diagnostics;
using Sojourn.Node.Enclaves;
using Sojourn.Protocol.EnclaveChannel;
using Sojourn.Testing;

namespace Sojourn.Jobs.Tests.Enclaves;

/// <summary>The enclave's process, as the operating system sees it.</summary>
public sealed class IsolationTests
{
    private static readonly string Folder = Path.Combine(Vectors.Checkout, "artifacts", "enclave");

    [ToolFact("artifacts/enclave/sojourn-enclave", "bwrap")]
    public async Task Every_piece_of_isolation_holds_under_bubblewrap()
    {
        await using var enclave = EnclaveProcess.Start(EnclaveImage.Measure(Folder), EnclaveSandbox.Bubblewrap, Tools.Find("bwrap"));
        var ready = await ReadyOf(enclave);
        Assert.Empty(ready.Missing);
        Assert.Contains(ready.Isolation, piece => piece.Piece == "syscall-filter");
    }

    [ToolFact("artifacts/enclave/sojourn-enclave")]
    public async Task Without_a_sandbox_the_enclave_says_what_is_missing()
    {
        await using var enclave = EnclaveProcess.Start(EnclaveImage.Measure(Folder), EnclaveSandbox.None, bubblewrap: null);
        var ready = await ReadyOf(enclave);
        Assert.DoesNotContain(ready.Missing, piece => piece.Piece is "syscall-filter" or "no-new-privs" or "not-dumpable" or "no-core" or "diagnostics-shut");
    }

    [ToolTheory("artifacts/enclave/sojourn-enclave")]
    [InlineData("DOTNET_STARTUP_HOOKS", "/tmp/foreign.dll")]
    [InlineData("CORECLR_ENABLE_PROFILING", "1")]
    [InlineData("LD_AUDIT", "/tmp/foreign.so")]
    [InlineData("OPENSSL_CONF", "/tmp/foreign.cnf")]
    [InlineData("DOTNET_EnableDiagnostics", "1")]
    public async Task A_variable_that_could_run_foreign_code_is_refused_by_name(string name, string value)
    {
        var start = new ProcessStartInfo(Path.Combine(Folder, EnclaveImage.Executable)) { RedirectStandardError = true, RedirectStandardOutput = true };
        start.Environment.Clear();
        start.Environment["DOTNET_EnableDiagnostics"] = "0";
        start.Environment[name] = value;
        using var process = Process.Start(start)!;
        var error = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        // A start-up hook that does not exist ends the runtime before the gate; both ways nothing ran.
        Assert.NotEqual(0, process.ExitCode);
        Assert.Empty(await process.StandardOutput.ReadToEndAsync());
        Assert.True(error.Contains(name, StringComparison.Ordinal) || error.Contains("foreign", StringComparison.Ordinal), error);
    }

    [ToolFact("artifacts/enclave/sojourn-enclave")]
    public void The_measurement_covers_every_file()
    {
        var copy = Directory.CreateTempSubdirectory("sojourn-image-").FullName;
        try
        {
            File.WriteAllText(Path.Combine(copy, EnclaveImage.Executable), "first");
            File.WriteAllText(Path.Combine(copy, "library.dll"), "second");
            var before = EnclaveImage.Measure(copy).Measurement;
            Assert.Equal(before, EnclaveImage.Measure(copy).Measurement);
            File.AppendAllText(Path.Combine(copy, "library.dll"), "!");
            Assert.NotEqual(before, EnclaveImage.Measure(copy).Measurement);
        }
        finally
        {
            Directory.Delete(copy, recursive: true);
        }
    }

    private static async Task<EnclaveReady> ReadyOf(EnclaveProcess enclave)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        var frame = await enclave.Channel.ReceiveAsync(limit.Token);
        Assert.Equal(MessageType.Ready, frame.Type);
        return EnclaveReady.Decode(frame.Payload.Span);
    }
}
