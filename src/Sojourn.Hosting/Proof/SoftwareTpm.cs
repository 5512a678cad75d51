using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using Sojourn.Attestation.Devices.Tpm;

namespace Sojourn.Hosting.Proof;

/// <summary>A software TPM (swtpm) of one node: its state in a folder, its commands over a Unix socket. It is a development tool: whoever is on the machine can read its keys.</summary>
public sealed class SoftwareTpm : IAsyncDisposable
{
    private const int SocketPathMax = 100;
    private const int Tries = 400;
    private readonly Process _process;
    private readonly string _sockets;
    private readonly string _pidFile;

    private SoftwareTpm(Process process, string sockets, string pidFile, TpmEndpoint endpoint)
    {
        _process = process;
        _sockets = sockets;
        _pidFile = pidFile;
        Endpoint = endpoint;
    }

    /// <summary>Where it answers.</summary>
    public TpmEndpoint Endpoint { get; }

    /// <summary>Starts one; the folder keeps its seeds, so that a node's chip stays the same over restarts. Its registers begin at zero, as after a reset.</summary>
    /// <param name="folder">Its state.</param>
    /// <param name="program">The full path of swtpm.</param>
    /// <param name="cancel">Stops waiting.</param>
    /// <exception cref="TpmException">It does not start.</exception>
    public static async Task<SoftwareTpm> StartAsync(string folder, string program, CancellationToken cancel)
    {
        Directory.CreateDirectory(folder);
        var pidFile = Path.Combine(folder, "process");
        await EndFormerAsync(pidFile, folder).ConfigureAwait(false);
        // A socket's path has 107 bytes at most, and a state folder may lie deep.
        var sockets = Path.Combine(folder, "tpm.sock").Length <= SocketPathMax ? folder : Directory.CreateTempSubdirectory("sojourn-tpm-").FullName;
        var (server, control) = (Path.Combine(sockets, "tpm.sock"), Path.Combine(sockets, "control.sock"));
        File.Delete(server);
        File.Delete(control);
        var start = new ProcessStartInfo(program)
        {
            ArgumentList = { "socket", "--tpm2", "--tpmstate", $"dir={folder}", "--server", $"type=unixio,path={server}", "--ctrl", $"type=unixio,path={control}", "--flags", "startup-clear,not-need-init", "--log", $"file={Path.Combine(folder, "swtpm.log")},level=1" },
            RedirectStandardInput = true,
            UseShellExecute = false,
        };
        var process = Process.Start(start) ?? throw new TpmException(TpmFailure.Unreachable, $"{program} does not start.");
        await File.WriteAllTextAsync(pidFile, process.Id.ToString(CultureInfo.InvariantCulture), cancel).ConfigureAwait(false);
        _ = TpmEndpoint.TryParse($"unix:{server}", out var endpoint);
        var tpm = new SoftwareTpm(process, sockets, pidFile, endpoint!);
        for (var i = 0; !await AnswersAsync(server, cancel).ConfigureAwait(false); i++)
        {
            if (process.HasExited || i == Tries)
            {
                await tpm.DisposeAsync().ConfigureAwait(false);
                throw new TpmException(TpmFailure.Unreachable, $"The software TPM of {folder} does not start; {Path.Combine(folder, "swtpm.log")} may say why.");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(5), cancel).ConfigureAwait(false);
        }

        return tpm;
    }

    // The socket's file is there a moment before anybody listens on it.
    private static async Task<bool> AnswersAsync(string server, CancellationToken cancel)
    {
        if (!File.Exists(server))
        {
            return false;
        }

        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(server), cancel).ConfigureAwait(false);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>Ends the process.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
        }

        await _process.WaitForExitAsync().ConfigureAwait(false);
        _process.Dispose();
        File.Delete(_pidFile);
        if (Path.GetFileName(_sockets).StartsWith("sojourn-tpm-", StringComparison.Ordinal))
        {
            Directory.Delete(_sockets, recursive: true);
        }
    }

    // A node that was killed leaves its TPM running, and two cannot share one state.
    private static async Task EndFormerAsync(string pidFile, string folder)
    {
        if (!File.Exists(pidFile) || !int.TryParse(await File.ReadAllTextAsync(pidFile).ConfigureAwait(false), CultureInfo.InvariantCulture, out var id))
        {
            return;
        }

        try
        {
            // Only if it is still that process: numbers come round again.
            if ((await File.ReadAllTextAsync($"/proc/{id}/cmdline").ConfigureAwait(false)).Contains($"dir={folder}\0", StringComparison.Ordinal))
            {
                using var former = Process.GetProcessById(id);
                former.Kill();
                await former.WaitForExitAsync().ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is IOException or ArgumentException or InvalidOperationException or UnauthorizedAccessException)
        {
            // It is gone.
        }

        File.Delete(pidFile);
    }
}
