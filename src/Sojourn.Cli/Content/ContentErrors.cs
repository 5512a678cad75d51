using Sojourn.Cli.Running;
using Sojourn.Content;
using Sojourn.Content.Ipfs.Gateways;
using Sojourn.Content.Ipfs.Kubo;
using Sojourn.Content.Ipfs.Routing;
using Sojourn.Content.Ipfs.Store;
using Sojourn.Primitives;

namespace Sojourn.Cli.Content;

/// <summary>What the exceptions of the content layer mean to a person.</summary>
internal static class ContentErrors
{
    private const string CidHint = "A CID looks like bafkrei… or Qm…; check that it was copied whole.";

    private static int registered;

    /// <summary>Teaches them to <see cref="ErrorRules"/>, once.</summary>
    public static void Register()
    {
        if (Interlocked.Exchange(ref registered, 1) == 0)
        {
            ErrorRules.Add(Explain);
        }
    }

    /// <summary>The message of an exception of the content layer, else null.</summary>
    public static CliError? Explain(Exception exception) => exception switch
    {
        ContentException e => Content(e),
        StoreException e => Store(e),
        CidException e => new(ExitCode.BadCid, e.Message, CidHint),
        GatewayException e when e.Failures.Count > 0 && e.Failures.All(f => f.Fault is GatewayFault.WrongBytes or GatewayFault.BadStream or GatewayFault.TooLarge)
            => new(ExitCode.BadInput, e.Message, "Nothing of it was used. Ask another gateway with --from."),
        GatewayException e => new(ExitCode.Unreachable, e.Message, "Check the addresses, or name more gateways with --from."),
        RoutingException e => new(ExitCode.Unreachable, e.Message, "Check the address of --router, or name a gateway with --from."),
        KuboException { Code: null } e => new(ExitCode.Unreachable, e.Message, "Check that the node runs and that the address is that of its RPC (usually http://127.0.0.1:5001)."),
        KuboException e => new(ExitCode.Failed, e.Message),
        Sojourn.Content.Ipfs.Folders.TargetExistsException e => new(ExitCode.Environment, e.Message, "Choose another place with --to, or replace it with --force."),
        ArgumentException { ParamName: not null } e => new(ExitCode.Usage, e.Message.Split(" (Parameter", 2)[0]),
        _ => null,
    };

    private static CliError Content(ContentException e) => e.Fault switch
    {
        ContentFault.MissingBlock => new(ExitCode.NotFound, e.Message.TrimEnd('.'), "It is not in the store. Name where to fetch it from: --from https://gateway, --router URL or --kubo URL."),
        ContentFault.PathNotFound => new(ExitCode.NotFound, e.Message.TrimEnd('.'), "List what is there with: sojourn content ls CID"),
        ContentFault.BadPath => new(ExitCode.BadCid, e.Message.TrimEnd('.'), CidHint),
        ContentFault.BadRange => new(ExitCode.Usage, e.Message.TrimEnd('.')),
        ContentFault.UnsupportedCodec or ContentFault.UnsupportedHash or ContentFault.BadDigestLength or ContentFault.CarVersion
            => new(ExitCode.Unsupported, e.Message.TrimEnd('.')),
        ContentFault.NotAFile => new(ExitCode.BadInput, e.Message.TrimEnd('.'), "For a folder use: sojourn content ls CID, or sojourn content get CID"),
        ContentFault.NotADirectory => new(ExitCode.BadInput, e.Message.TrimEnd('.'), "For a file use: sojourn content cat CID"),
        ContentFault.CarHeader or ContentFault.CarSection or ContentFault.CarSectionTooLong or ContentFault.CarTruncated or ContentFault.CarIndex
            => new(ExitCode.BadInput, e.Message.TrimEnd('.'), "The CAR is damaged or is none: get it again from where it came."),
        _ => new(ExitCode.BadInput, e.Message.TrimEnd('.')),
    };

    private static CliError Store(StoreException e) => e.Fault switch
    {
        StoreFault.DiskFull => new(ExitCode.Environment, e.Message, "What was reported as stored is safe. Free space (sojourn content gc, with the same --store), then run the command again."),
        StoreFault.ReadOnlyDisk => new(ExitCode.Environment, e.Message, "Remount it writable, or choose another store with --store."),
        StoreFault.AccessDenied => new(ExitCode.Environment, e.Message, "Check who owns the store's folder, or choose another with --store."),
        StoreFault.InputOutput => new(ExitCode.Environment, e.Message, "The disk may be failing: see the kernel's log."),
        StoreFault.DamagedBlock => new(ExitCode.BadInput, e.Message, "Run: sojourn content verify --put-aside (with the same --store), then fetch the content again."),
        StoreFault.MissingBlock => new(ExitCode.NotFound, e.Message, "Fetch it again with: sojourn content pin CID --from URL, or remove the pin."),
        StoreFault.NotAStore => new(ExitCode.Usage, e.Message, "Choose another folder with --store."),
        _ => new(ExitCode.BadInput, e.Message),
    };
}
