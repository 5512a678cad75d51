using System.CommandLine;
using Sojourn.Cli.Devnet;
using Sojourn.Cli.Running;
using Sojourn.Content;
using Sojourn.Content.Ipfs;
using Sojourn.Content.Ipfs.Gateways;
using Sojourn.Content.Ipfs.Store;
using Sojourn.Hosting.Devnet;
using Sojourn.Hosting.Doctor;
using Sojourn.Hosting.Repeating;
using Sojourn.Node.Enclaves;
using Sojourn.Protocol.EnclaveChannel;
using Sojourn.Protocol.Receipts;

namespace Sojourn.Cli.Receipt;

/// <summary>The options of <c>receipt verify --re-execute</c>: where the post and the contents come from.</summary>
internal sealed class ReexecuteOptions
{
    private readonly Option<bool> _again = new("--re-execute") { Description = "Run the job again in an enclave of this machine, and compare. For public, deterministic jobs." };
    private readonly Option<FileInfo?> _post = new("--post") { Description = "The job's post; 'job get' writes it as post.cbor (default: beside the receipt)." };
    private readonly Option<string[]> _gateways = new("--gateway") { Description = "A gateway that has the contents; may be given again. Default: those of the development network." };
    private readonly Option<DirectoryInfo?> _store = new("--store") { Description = "A block store that has the contents: then nothing is asked of anybody." };
    private readonly Option<DirectoryInfo?> _folder = DevnetCommands.FolderOption();

    public static ReexecuteOptions Create() => new();

    public void AddTo(Command command)
    {
        foreach (var option in (Option[])[_again, _post, _gateways, _store, _folder])
        {
            command.Options.Add(option);
        }
    }

    public async Task<int> RunAsync(CommandRun run, JobReceipt receipt, FileInfo file)
    {
        if (!run.Get(_again))
        {
            return ExitCode.Ok;
        }

        var post = run.Get(_post) ?? new FileInfo(Path.Combine(file.DirectoryName ?? ".", "post.cbor"));
        if (!post.Exists || post.Length > 128 << 10)
        {
            throw new CliException(ExitCode.NotFound, $"the job's post was expected in {post.FullName}.", "sojourn job get writes it beside the receipt; --post names another file.");
        }

        var gateways = run.Get(_gateways) is { Length: > 0 } named ? named.Select(text => Uri.TryCreate(text, UriKind.Absolute, out var uri) ? uri : throw new CliException(ExitCode.Usage, $"'{text}' is not a gateway's address.", "For example http://127.0.0.1:8080.")).ToList()
            : DevnetFile.Read(DevnetCommands.FolderOf(run.Get(_folder)))?.Gateways.ToList() ?? [];
        var stores = run.Get(_store) is { } folder ? [FileBlockStore.Open(folder.FullName)] : Array.Empty<IBlockSource>();
        if (gateways.Count == 0 && stores.Length == 0)
        {
            throw new CliException(ExitCode.Usage, "no source of contents is known.", "Give --gateway URL or --store FOLDER.");
        }

        using var remote = new GatewaySource(gateways);
        var bubblewrap = Examination.FindProgram("bwrap");
        var pool = new EnclavePool(EnclaveImage.Measure(Places.EnclaveFolder), bubblewrap is null ? EnclaveSandbox.None : EnclaveSandbox.Bubblewrap, bubblewrap, 0);
        await using (pool.ConfigureAwait(false))
        {
            var source = new LayeredSource([.. stores, .. gateways.Count > 0 ? [remote] : Array.Empty<IBlockSource>()]);
            var verdict = await new Reexecution(source, pool).RunAsync(
                receipt, await File.ReadAllBytesAsync(post.FullName, run.Cancellation).ConfigureAwait(false), progress => Tell(run, progress), run.Cancellation).ConfigureAwait(false);
            if (verdict.Fault != RepeatFault.None)
            {
                throw new CliException(ExitCode.Refused, $"the job cannot be run again here ({verdict.Fault}): {verdict.Words}.", "The signature above holds all the same.");
            }

            if (!verdict.Differences.IsEmpty)
            {
                throw new CliException(ExitCode.BadInput, $"the job, run again, gives something else: {string.Join("; ", verdict.Differences)}.", "Show it to the ledger's people: a result of a deterministic job is the same everywhere.");
            }
        }

        run.Note("run again here: the same result, exit code, fuel and output.");
        return ExitCode.Ok;
    }

    private static void Tell(CommandRun run, EnclaveProgress progress) =>
        run.Note(progress.Total == 0 ? progress.Stage.ToString().ToLowerInvariant() : FormattableString.Invariant($"running: {progress.Done * 100 / progress.Total} % of the job's fuel"));
}
