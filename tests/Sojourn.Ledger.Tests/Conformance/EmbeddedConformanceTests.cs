using Sojourn.Ledger.Embedded.Http;
using Sojourn.Ledger.Tests.Embedded;
using Sojourn.Protocol.Ports;
using Sojourn.Simulation.Model;

namespace Sojourn.Ledger.Tests.Conformance;

/// <summary>The embedded ledger in this process.</summary>
public sealed class EmbeddedConformanceTests : LedgerConformance
{
    protected override async Task<LedgerWorld> CreateAsync(WorldSpec spec) => new EmbeddedWorld(await LedgerFixture.CreateAsync(spec.Nodes, rules: spec.Rules, onChallenge: spec.OnChallenge, register: false));
}

/// <summary>The embedded ledger over HTTP, with real keys: nothing but the port's client is used.</summary>
public sealed class HttpConformanceTests : LedgerConformance
{
    protected override async Task<LedgerWorld> CreateAsync(WorldSpec spec)
    {
        var fixture = await LedgerFixture.CreateAsync(spec.Nodes, rules: spec.Rules, onChallenge: spec.OnChallenge, register: false, cryptography: new RealCryptography(1));
        var server = await LedgerServer.StartAsync(fixture.Ledger);
        return new EmbeddedWorld(fixture, server, await HttpLedger.ConnectAsync(server.Address, fixture.Ledger.GenesisDigest));
    }
}

/// <summary>An embedded ledger as a world of the suite.</summary>
internal sealed class EmbeddedWorld(LedgerFixture fixture, LedgerServer? server = null, HttpLedger? client = null) : LedgerWorld
{
    public override ILedger Ledger => client is null ? fixture.Ledger : client;

    public override ICryptography Cryptography => fixture.Cryptography;

    public override Party Issuer => fixture.Issuer;

    public override Party Requester => fixture.Requester;

    public override IReadOnlyList<Party> Nodes => fixture.Nodes;

    public override Task AdvanceAsync(ulong heights) => fixture.Ledger.AdvanceAsync(heights);

    public override async ValueTask DisposeAsync()
    {
        client?.Dispose();
        if (server is not null)
        {
            await server.DisposeAsync();
        }

        await fixture.DisposeAsync();
    }
}
