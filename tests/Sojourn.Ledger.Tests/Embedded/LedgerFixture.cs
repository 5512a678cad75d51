using System.Collections.Immutable;
using Sojourn.Ledger.Embedded;
using Sojourn.Primitives;
using Sojourn.Protocol.Genesis;
using Sojourn.Protocol.Ports;
using Sojourn.Protocol.Reasons;
using Sojourn.Protocol.Transactions;
using Sojourn.Simulation.Model;

namespace Sojourn.Ledger.Tests.Embedded;

/// <summary>An embedded ledger in a folder of its own, moved by hand, with ideal cryptography.</summary>
public sealed class LedgerFixture : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sojourn-ledger-").FullName;
    private readonly ICryptography _cryptography;

    private LedgerFixture(ICryptography cryptography) => _cryptography = cryptography;

    public string Path => System.IO.Path.Combine(_folder, "ledger.db");

    public EmbeddedLedger Ledger { get; private set; } = null!;

    public Party Sequencer { get; private set; } = null!;

    public Party Requester { get; private set; } = null!;

    public Party Issuer { get; private set; } = null!;

    public List<Party> Nodes { get; } = [];

    public ICryptography Cryptography => _cryptography;

    public static async Task<LedgerFixture> CreateAsync(int nodes = 6, ulong seed = 1, LedgerRules? rules = null, bool onChallenge = false, bool register = true, ICryptography? cryptography = null)
    {
        var fixture = new LedgerFixture(cryptography ?? new IdealCryptography(seed));
        fixture.Sequencer = fixture.Party("sequencer");
        fixture.Requester = fixture.Party("requester");
        fixture.Issuer = fixture.Party("issuer");
        for (var i = 0; i < nodes; i++)
        {
            fixture.Nodes.Add(fixture.Party($"node{i}"));
        }

        EmbeddedLedger.Create(fixture.Path, new LedgerGenesis
        {
            Name = "test",
            Development = true,
            Issuer = fixture.Issuer.Address,
            VrfOnChallenge = onChallenge,
            Sequencers = [new Sequencer(fixture.Sequencer.Address, fixture.Sequencer.Vrf.PublicKey)],
            Allocations = [.. fixture.Nodes.Select(node => new Allocation(node.Address, 50_000)), new Allocation(fixture.Requester.Address, 100_000_000)],
            Rules = rules ?? Workbench.Rules,
        });
        fixture.Open();
        foreach (var node in register ? fixture.Nodes : [])
        {
            await fixture.Must(node, new NodeRegister(Workbench.Profile(node), 10_000));
        }

        await fixture.Ledger.AdvanceAsync();
        return fixture;
    }

    public Party Party(string name) => Simulation.Model.Party.Of(_cryptography, name);

    public EmbeddedLedgerOptions Options(bool writes = true) => new()
    {
        Path = Path,
        Sequencer = writes ? Sequencer.Signer : null,
        BeaconKey = writes ? Sequencer.Vrf : null,
        Signatures = _cryptography,
        Vrf = _cryptography,
        Clocked = false,
        Time = new FixedTime(),
    };

    public void Open() => Ledger = EmbeddedLedger.Open(Options());

    public async Task Reopen()
    {
        await Ledger.DisposeAsync();
        Open();
    }

    public async Task<SubmitResult> Try(Party party, Transaction body)
    {
        var nonce = body.IsNonced ? (await Ledger.AccountAsync(party.Address)).Nonce : 0;
        return await Ledger.SubmitAsync(SignedTransaction.Create(body, nonce, Ledger.GenesisDigest, party.Signer));
    }

    public async Task<Digest> Must(Party party, Transaction body)
    {
        var result = await Try(party, body);
        Assert.True(result.Refusal == Refusal.None, $"{party.Name}: {body.Kind}: {result.Refusal}");
        return result.Subject;
    }

    public async ValueTask DisposeAsync()
    {
        await Ledger.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private sealed class FixedTime : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_000);
    }
}
