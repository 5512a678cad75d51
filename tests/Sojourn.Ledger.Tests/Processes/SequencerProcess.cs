using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Sojourn.Ledger.Embedded;
using Sojourn.Ledger.Embedded.Http;
using Sojourn.Protocol.Genesis;
using Sojourn.Simulation.Model;

namespace Sojourn.Ledger.Tests.Processes;

/// <summary>One of three sequencers, alone in its process.</summary>
internal static class SequencerProcess
{
    public const int Count = 3;

    public static ICryptography Cryptography { get; } = new IdealCryptography(77);

    public static Party Sequencer(int index) => Party.Of(Cryptography, $"sequencer{index}");

    public static Party Requester { get; } = Party.Of(Cryptography, "requester");

    public static IReadOnlyList<Party> Payers { get; } = [.. Enumerable.Range(0, 4).Select(i => Party.Of(Cryptography, $"payer{i}"))];

    public static LedgerGenesis Genesis { get; } = new()
    {
        Name = "three sequencers",
        Development = true,
        HeightMilliseconds = 20,
        Issuer = Party.Of(Cryptography, "issuer").Address,
        Sequencers = [.. Enumerable.Range(0, Count).Select(i => new Sequencer(Sequencer(i).Address, Sequencer(i).Vrf.PublicKey))],
        Allocations = [.. Payers.Select(payer => new Allocation(payer.Address, 1_000_000)), new Allocation(Requester.Address, 100_000_000)],
        Rules = Workbench.Rules,
    };

    public static EmbeddedLedgerOptions Options(string path, int index, IReadOnlyList<Uri> addresses, bool clocked = true) => new()
    {
        Path = path,
        Sequencer = Sequencer(index).Signer,
        BeaconKey = Sequencer(index).Vrf,
        Signatures = Cryptography,
        Vrf = Cryptography,
        Peers = addresses,
        TakeOverAfter = TimeSpan.FromMilliseconds(500),
        Clocked = clocked,
    };

    private static readonly HashSet<int> s_given = [];

    // On Linux every address that begins with 127 is the loopback's: each process of tests has one of its own, so that two of them never ask for the same port of the same address.
    private static readonly IPAddress s_loopback = OperatingSystem.IsLinux()
        ? new IPAddress([127, (byte)(1 + (Environment.ProcessId >> 16 & 127)), (byte)(Environment.ProcessId >> 8), (byte)Environment.ProcessId])
        : IPAddress.Loopback;

    /// <summary>Addresses on loopback that nobody listens at, and that are given only once.</summary>
    // Addresses must be known before anybody listens. They are taken below the range from which the system gives ports away by itself, so that nobody's outgoing connection comes to sit on one meanwhile.
    public static Uri[] FreeAddresses(int count)
    {
        var listeners = new List<TcpListener>();
        while (listeners.Count < count)
        {
            var port = Random.Shared.Next(12_000, 32_000);
            lock (s_given)
            {
                if (!s_given.Add(port))
                {
                    continue;
                }
            }

            var listener = new TcpListener(s_loopback, port);
            try
            {
                listener.Start();
                listeners.Add(listener);
            }
            catch (SocketException)
            {
                // Somebody is there.
            }
        }

        var ports = listeners.ConvertAll(listener => ((IPEndPoint)listener.LocalEndpoint).Port);
        listeners.ForEach(listener => listener.Stop());
        return [.. ports.Select(port => new Uri(string.Create(CultureInfo.InvariantCulture, $"http://{s_loopback}:{port}")))];
    }

    public static async Task RunAsync(string path, int index, Uri[] addresses)
    {
        await using var ledger = EmbeddedLedger.Open(Options(path, index, addresses));
        await using var server = await LedgerServer.StartAsync(ledger, addresses[index].GetLeftPart(UriPartial.Authority));
        Console.Out.WriteLine("ready");
        Console.Out.Flush();
        // Whoever started it ends it by closing the pipe.
        await Console.In.ReadToEndAsync();
    }
}
