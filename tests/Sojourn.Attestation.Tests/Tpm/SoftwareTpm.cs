using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Sojourn.Attestation.Devices.Tpm;

namespace Sojourn.Attestation.Tests.Tpm;

/// <summary>A swtpm of the test's own: manufactured by swtpm_setup with certificates of its local authority, ended with the test.</summary>
internal sealed class SoftwareTpm : IAsyncDisposable
{
    private readonly Process process;

    private SoftwareTpm(string folder, Process process, TpmEndpoint endpoint, int port)
    {
        Folder = folder;
        this.process = process;
        Endpoint = endpoint;
        Port = port;
    }

    public string Folder { get; }

    public TpmEndpoint Endpoint { get; }

    public int Port { get; }

    /// <summary>TPM2TOOLS_TCTI for tpm2-tools; only with TCP.</summary>
    public string Tcti => $"swtpm:host=127.0.0.1,port={Port}";

    public static async Task<SoftwareTpm> StartAsync(bool unix = false)
    {
        var folder = Directory.CreateTempSubdirectory("sojourn-swtpm-").FullName;
        await File.WriteAllTextAsync($"{folder}/localca.conf", $"statedir = {folder}/ca\nsigningkey = {folder}/ca/signkey.pem\nissuercert = {folder}/ca/issuercert.pem\ncertserial = {folder}/ca/certserial\n");
        await File.WriteAllTextAsync($"{folder}/localca.options", "--platform-manufacturer Sojourn\n--platform-version 1\n--platform-model Test\n");
        await File.WriteAllTextAsync($"{folder}/setup.conf", $"create_certs_tool= {Tools.Find("swtpm_localca")}\ncreate_certs_tool_config = {folder}/localca.conf\ncreate_certs_tool_options = {folder}/localca.options\nactive_pcr_banks = sha256\n");
        Directory.CreateDirectory($"{folder}/ca");
        Directory.CreateDirectory($"{folder}/state");
        var (code, text) = await RunAsync("swtpm_setup", null, "--tpm2", "--tpmstate", $"{folder}/state", "--create-ek-cert", "--config", $"{folder}/setup.conf", "--not-overwrite", "--logfile", $"{folder}/setup.log");
        Assert.True(code == 0, text + (File.Exists($"{folder}/setup.log") ? await File.ReadAllTextAsync($"{folder}/setup.log") : ""));

        // The control channel's port must be the next one for tpm2-tools' swtpm TCTI.
        for (var attempt = 0; ; attempt++)
        {
            var port = FreePort();
            var path = $"{folder}/tpm.sock";
            var server = unix ? $"type=unixio,path={path}" : $"type=tcp,port={port},bindaddr=127.0.0.1";
            var control = unix ? $"type=unixio,path={folder}/ctrl.sock" : $"type=tcp,port={port + 1},bindaddr=127.0.0.1";
            var process = Start("swtpm", null, "socket", "--tpm2", "--tpmstate", $"dir={folder}/state", "--server", server, "--ctrl", control, "--flags", "startup-clear,not-need-init");
            var text2 = unix ? $"unix:{path}" : $"tcp:127.0.0.1:{port}";
            Assert.True(TpmEndpoint.TryParse(text2, out var endpoint));
            try
            {
                if (await ReadyAsync(endpoint!, process))
                {
                    return new SoftwareTpm(folder, process, endpoint!, port);
                }
            }
            catch (TpmException)
            {
                // Somebody else's server took the port in between: try another.
            }

            await EndAsync(process);
            Assert.True(attempt < 5, "swtpm does not start");
        }
    }

    public Task<(int Code, string Text)> ToolAsync(string tool, params string[] arguments) => RunAsync(tool, Tcti, arguments);

    public async Task<byte[]> RootAsync() => await File.ReadAllBytesAsync(Directory.EnumerateFiles($"{Folder}/ca", "*rootca-cert.pem").First());

    public async Task<byte[]> IssuerAsync() => await File.ReadAllBytesAsync($"{Folder}/ca/issuercert.pem");

    public async Task KillAsync() => await EndAsync(process);

    public async ValueTask DisposeAsync()
    {
        await EndAsync(process);
        Directory.Delete(Folder, recursive: true);
    }

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static async Task<bool> ReadyAsync(TpmEndpoint endpoint, Process process)
    {
        for (var i = 0; i < 200 && !process.HasExited; i++)
        {
            try
            {
                await using var client = new TpmClient(endpoint.Open(), TimeProvider.System) { Timeout = TimeSpan.FromSeconds(5) };
                await client.GetRandomAsync(4, CancellationToken.None);
                return true;
            }
            catch (TpmException e) when (e.Failure != TpmFailure.TimedOut)
            {
                await Task.Delay(25);
            }
        }

        return false;
    }

    private static async Task EndAsync(Process process)
    {
        if (!process.HasExited)
        {
            process.Kill(entireProcessTree: true);
        }

        await process.WaitForExitAsync();
    }

    private static Process Start(string program, string? tcti, params string[] arguments)
    {
        var start = new ProcessStartInfo(Tools.Find(program)!) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        if (tcti is not null)
        {
            start.Environment["TPM2TOOLS_TCTI"] = tcti;
        }

        return Process.Start(start)!;
    }

    private static async Task<(int Code, string Text)> RunAsync(string program, string? tcti, params string[] arguments)
    {
        using var process = Start(program, tcti, arguments);
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, await output + await error);
    }
}
