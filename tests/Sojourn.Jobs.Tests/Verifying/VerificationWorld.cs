using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Sojourn.Attestation;
using Sojourn.Content;
using Sojourn.Hosting.Devnet;
using Sojourn.Hosting.Keys;
using Sojourn.Hosting.Publishing;
using Sojourn.Jobs.Tests.Cheating;
using Sojourn.Primitives;
using Sojourn.Protocol;
using Sojourn.Protocol.Guards;
using Sojourn.Protocol.Jobs;
using Sojourn.Protocol.Reasons;
using Sojourn.Protocol.State;
using Sojourn.Protocol.Terms;
using Sojourn.Protocol.Transactions;
using Sojourn.Protocol.Views;
using Sojourn.Testing;

namespace Sojourn.Jobs.Tests.Verifying;

/// <summary>A network in this process with real enclaves, in which the first nodes alone hold the data: they are drawn first, and others where a larger committee is. The first one can be told to forge.</summary>
internal sealed class VerificationWorld : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sojourn-verifying-").FullName;
    private readonly StringBuilder _log = new();

    public DevNetwork Net { get; private set; } = null!;

    public PartyKeys Requester { get; } = PartyKeys.Generate("requester");

    public ForgingConduct Cheat { get; } = new() { Forges = false };

    public Address CheatAddress => Net.Nodes[0].Keys.Address;

    public Cid Code { get; private set; } = null!;

    public Cid Table { get; private set; } = null!;

    public string Log
    {
        get
        {
            lock (_log)
            {
                return _log.ToString();
            }
        }
    }

    public static async Task<VerificationWorld> StartAsync(int nodes, int holders, CancellationToken cancel)
    {
        var world = new VerificationWorld();
        world.Net = await DevNetwork.StartAsync(
            new DevnetOptions
            {
                Folder = world._folder,
                EnclaveFolder = Path.Combine(Vectors.Checkout, "artifacts", "enclave"),
                Nodes = nodes,
                Verifiers = 4,
                ExecutorsVerify = false,
                Height = TimeSpan.FromMilliseconds(50),
                Bubblewrap = Tools.Find("bwrap"),
                Listener = (who, entry) =>
                {
                    lock (world._log)
                    {
                        world._log.Append(CultureInfo.InvariantCulture, $"{who}: {entry.Stage}: {entry.Words}\n");
                    }
                },
            },
            new Dictionary<Address, Amount> { [world.Requester.Address] = 100_000_000 }, cancel);
        world.Net.Nodes[0].Conduct = world.Cheat;
        world.Code = await world.PublishAsync(Module("statistics", "group-statistics"), cancel);
        var rows = Encoding.ASCII.GetBytes("ward,age\n" + string.Concat(Enumerable.Range(0, 100).Select(i => $"w{i % 3},{i}\n")));
        world.Table = await new Publisher(new FanOutSink([.. world.Net.Nodes.Where(node => node.Executes).Select(node => node.Content.Store)])).FileAsync(new MemoryStream(rows), cancel);
        await world.Net.ServeAsync([world.Table], cancel, holder: i => i < holders);
        return world;
    }

    public static byte[] Module(string folder, string name) => File.ReadAllBytes(Path.Combine(Vectors.Checkout, "guests", folder, name + ".wasm"));

    /// <summary>The checker: a column of the result must add up to the number of rows.</summary>
    public Task<Cid> CheckerAsync(string column, CancellationToken cancel) =>
        PublishAsync(GuardArguments.Embed(Module("checkers", "column-total"), ["/output/result.csv", column, "/in/table"]), cancel);

    public async Task<Cid> PublishAsync(byte[] bytes, CancellationToken cancel) => await new Publisher(Net.Gateway.Store).FileAsync(new MemoryStream(bytes), cancel);

    /// <summary>Posts a job and follows it to its end; again where a busy machine let a window pass, so that the round was not the holders'.</summary>
    public async Task<JobView> RunAsync(Func<JobTerms, JobTerms> change, CancellationToken cancel, bool publicOutput = true, Func<LedgerEvent, Digest, Task>? act = null, bool byCheat = false)
    {
        var spec = new JobSpec
        {
            Name = "verified",
            Arguments = ["/in/table", "/output/result.csv", "ward", "age"],
            Inputs = [new JobInput("table", Table)],
            Recipients = publicOutput ? [] : [Requester.Sealing.Public.Bytes],
            OutputBytesMax = 65_536,
        };
        await Net.Gateway.Store.PutAsync(Block.Create(Multicodec.DagCbor, spec.Encode()), cancel);
        while (true)
        {
            var terms = change(new JobTerms
            {
                Spec = spec.Cid,
                Code = Code,
                Inputs = [Table],
                Verifiers = 4,
                LevelMin = TrustLevel.Simulated,
                LocalityMin = 1,
                RedrawsMax = 4,
                FuelMax = 20_000_000_000,
                MemoryMebibytes = 256,
                ExecutorPay = 100,
                VerifierPay = 5,
                AnswerCommitment = new Digest(RandomNumberGenerator.GetBytes(Digest.Length)),
                Windows = new JobWindows(2, 29, 1200, 1200, 2400, 1200, 2400),
            });
            var job = (await Net.SubmitAsync(Requester, new JobPost(terms), cancel)).Subject;
            await foreach (var entry in Net.Ledger.EventsAsync(0, cancel))
            {
                if (entry.Event.Job != job)
                {
                    continue;
                }

                if (act is not null)
                {
                    await act(entry.Event, job);
                }

                if (entry.Event.Kind == EventKind.Closed)
                {
                    break;
                }
            }

            var view = (await Net.Ledger.JobAsync(job, cancel))!;
            if (view.Outcome != JobOutcome.NoExecutors && (!byCheat || view.Rounds[0].Executors.Any(seat => seat.Node == CheatAddress && seat.Result is not null)))
            {
                return view;
            }
        }
    }

    public async Task<IReadOnlyList<LineReason>> LinesAsync(Address account, Digest job, CancellationToken cancel) => [.. (await Net.Ledger.ExplainAsync(account, job, 100, cancel)).Select(line => line.Reason)];

    public async ValueTask DisposeAsync()
    {
        await Net.DisposeAsync();
        Requester.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
