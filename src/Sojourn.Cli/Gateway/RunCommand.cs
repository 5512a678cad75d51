using System.CommandLine;
using System.Net;
using System.Net.Sockets;
using Sojourn.Cli.Content;
using Sojourn.Cli.Running;
using Sojourn.Content.Ipfs.Gateway;

namespace Sojourn.Cli.Gateway;

/// <summary><c>sojourn gateway run</c>.</summary>
internal static class RunCommand
{
    public static Command Create()
    {
        var listen = new Option<string>("--listen") { Description = "Address and port; port 0 takes a free one.", DefaultValueFactory = _ => "127.0.0.1:8080", HelpName = "address:port" };
        var path = new Option<bool>("--path-gateway") { Description = "Serve files and folders, too, for browsers and people, who then trust this server." };
        var host = new Option<string[]>("--subdomain-host") { Description = "Give each root an origin of its own below this host: CID.ipfs.HOST. May be given several times.", HelpName = "host" };
        var store = ContentOptions.Store();
        var most = new Option<int>("--requests-max") { Description = "How many requests are served at once.", DefaultValueFactory = _ => GatewayServerOptions.DefaultConcurrentRequestsMax };
        var uploads = Addresses.One("--uploads-of", "Take uploads from accounts of this ledger, too: a job's small objects (its drop box) and public blocks.");
        var command = new Command("run", "Serve the store's content until Ctrl+C: blocks and CARs that clients verify, over HTTP/1.1 and HTTP/2. Serves only what the store holds.")
        {
            listen, path, host, store, most, uploads,
        };
        command.SetRun(async run =>
        {
            if (!IPEndPoint.TryParse(run.Get(listen)!, out var endPoint) || !run.Get(listen)!.Contains(':', StringComparison.Ordinal))
            {
                throw new CliException(ExitCode.Usage, $"--listen '{run.Get(listen)}' is no address; expected ADDRESS:PORT such as 127.0.0.1:8080 or [::1]:0");
            }

            if (run.Get(most) < 1)
            {
                throw new CliException(ExitCode.Usage, $"--requests-max {run.Get(most)} serves nobody; expected at least 1");
            }

            var hosts = run.Get(host) ?? [];
            if (Array.Find(hosts, name => Uri.CheckHostName(name) != UriHostNameType.Dns || name.EndsWith('.')) is { } wrong)
            {
                throw new CliException(ExitCode.Usage, $"--subdomain-host '{wrong}' is no host name; expected one without scheme, port or path, such as example.org");
            }

            var opened = ContentSession.OpenStore(run.Get(store));
            if (run.Get(uploads) is { } ledger)
            {
                await UploadGateway.RunAsync(run, ledger, opened.Folder, endPoint.ToString()).ConfigureAwait(false);
                return;
            }

            var options = new GatewayServerOptions { PathGateway = run.Get(path) || hosts.Length > 0, SubdomainHosts = hosts, ConcurrentRequestsMax = run.Get(most) };
            GatewayHost server;
            try
            {
                server = await GatewayHost.StartAsync(opened, options, endPoint, run.Cancellation).ConfigureAwait(false);
            }
            catch (Exception e) when (e is SocketException or IOException { InnerException: SocketException or Microsoft.AspNetCore.Connections.AddressInUseException })
            {
                throw new CliException(ExitCode.Environment, $"cannot listen on {endPoint}: {(e.InnerException ?? e).Message}", "Choose an address of this machine, and a port that no other program uses, with --listen.");
            }

            await using (server)
            {
                run.Out.WriteLine(server.Address);
                await run.Out.FlushAsync(run.Cancellation).ConfigureAwait(false);
                run.Note($"serving {opened.Folder} ({(options.PathGateway ? "blocks, CARs, files and folders" : "blocks and CARs")}); stop with Ctrl+C");
                await run.UntilStoppedAsync().ConfigureAwait(false);
            }
        });
        return command;
    }
}
