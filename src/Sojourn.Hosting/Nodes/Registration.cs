using System.Collections.Immutable;
using Sojourn.Node;
using Sojourn.Node.Watching;
using Sojourn.Node.Journal;
using Sojourn.Primitives;
using Sojourn.Protocol.Reasons;
using Sojourn.Protocol.Terms;
using Sojourn.Protocol.Transactions;

namespace Sojourn.Hosting.Nodes;

/// <summary>Keeps the node's profile on the ledger as it is: registered once, changed where something changed, contents that were added elsewhere kept.</summary>
/// <param name="options">The node's options.</param>
/// <param name="parts">What it opened.</param>
internal sealed class Registration(NodeOptions options, NodeParts parts)
{
    private readonly Sender _sender = new(parts.Ledger!, parts.Keys.Signer, new NodeJournal(TimeProvider.System));
    private volatile string _state = "not yet";

    /// <summary>Whether the profile is on the ledger, in words.</summary>
    public string State => _state;

    /// <summary>The stake on the ledger; null before it is known.</summary>
    public Amount? Stake { get; private set; }

    /// <summary>Looks once, and does what is due.</summary>
    public async Task KeepAsync(CancellationToken cancel)
    {
        var known = await parts.Ledger!.NodeAsync(parts.Keys.Address, cancel).ConfigureAwait(false);
        var wanted = Wanted(known?.Profile.Pins ?? []);
        Stake = known?.Stake;
        if (known is not null && Same(known.Profile, wanted))
        {
            _state = "yes";
            return;
        }

        if (known is null && (await parts.Ledger.AccountAsync(parts.Keys.Address, cancel).ConfigureAwait(false)) is var account && account.Free < options.Stake)
        {
            _state = $"no: the account {parts.Keys.Address} owns {account.Free} and {options.Stake} are to be staked; send it tokens";
            return;
        }

        var result = await _sender.SendNoncedAsync(new NodeRegister(wanted, known is null ? options.Stake : Amount.Zero), cancel).ConfigureAwait(false);
        _state = result.Refusal switch
        {
            Refusal.None => "yes",
            Refusal.UpdateTooSoon => "yes; a change waits until the ledger takes the next one",
            var other => $"no: the ledger refused ({other})",
        };
    }

    private NodeProfile Wanted(ImmutableArray<Digest> known) => new()
    {
        VrfKey = parts.Keys.Vrf.PublicKey,
        Chip = ChipKey.Of(parts.Proof!.Chip),
        Level = parts.Proof.Level,
        Regions = options.Regions,
        MemoryMebibytes = options.Rules.MemoryMebibytesMax,
        PricePerJob = options.PricePerJob,
        PricePerGigafuel = options.PricePerGigafuel,
        Executes = options.Rules.Executes,
        Verifies = options.Rules.Verifies,
        Gateway = (options.PublicGateway ?? parts.Server?.Address)?.ToString() ?? "",
        Pins = [.. known.Concat(options.Holds.Select(ContentKey.Of)).Distinct().Order().Take(NodeProfile.PinsMax)],
    };

    private static bool Same(NodeProfile a, NodeProfile b) =>
        a.VrfKey.Span.SequenceEqual(b.VrfKey.Span) && a.Pins.SequenceEqual(b.Pins)
        && a with { VrfKey = default, Pins = [] } == b with { VrfKey = default, Pins = [] };
}
