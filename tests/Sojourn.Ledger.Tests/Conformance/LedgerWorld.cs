using Sojourn.Primitives;
using Sojourn.Protocol.Genesis;
using Sojourn.Protocol.Ports;
using Sojourn.Protocol.Reasons;
using Sojourn.Protocol.Terms;
using Sojourn.Protocol.Transactions;
using Sojourn.Simulation.Model;

namespace Sojourn.Ledger.Tests.Conformance;

/// <summary>What a conformance test asks of a fresh ledger.</summary>
/// <param name="Nodes">Accounts for nodes, each with <see cref="LedgerWorld.NodeFunds"/>; not registered yet.</param>
/// <param name="Rules">The ledger's rules.</param>
/// <param name="OnChallenge">Whether VRF proofs are checked only when challenged.</param>
public sealed record WorldSpec(int Nodes, LedgerRules Rules, bool OnChallenge);

/// <summary>A fresh ledger behind its port, with accounts that have tokens and somebody who makes time pass. Every adapter's tests derive one.</summary>
public abstract class LedgerWorld : IAsyncDisposable
{
    /// <summary>The free tokens of every node's account.</summary>
    public const ulong NodeFunds = 50_000;

    /// <summary>The free tokens of the requester.</summary>
    public const ulong RequesterFunds = 100_000_000;

    /// <summary>The ledger.</summary>
    public abstract ILedger Ledger { get; }

    /// <summary>The keys of the world, by name.</summary>
    public abstract ICryptography Cryptography { get; }

    /// <summary>The account that the genesis names as issuer.</summary>
    public abstract Party Issuer { get; }

    /// <summary>An account with <see cref="RequesterFunds"/>.</summary>
    public abstract Party Requester { get; }

    /// <summary>The nodes' accounts.</summary>
    public abstract IReadOnlyList<Party> Nodes { get; }

    /// <summary>Lets heights pass; more may pass than asked for, and anyone may drive what is due meanwhile.</summary>
    /// <param name="heights">At least so many.</param>
    public abstract Task AdvanceAsync(ulong heights);

    /// <summary>An account without tokens.</summary>
    public Party Stranger(string name) => Party.Of(Cryptography, name);

    public async Task<SubmitResult> Try(Party party, Transaction body)
    {
        var nonce = body.IsNonced ? (await Ledger.AccountAsync(party.Address)).Nonce : 0;
        return await Ledger.SubmitAsync(SignedTransaction.Create(body, nonce, Ledger.GenesisDigest, party.Signer));
    }

    public async Task<Digest> Must(Party party, Transaction body)
    {
        var result = await Try(party, body);
        Assert.True(result.Refusal == Refusal.None, $"{party.Name}: {body.Kind} was refused: {result.Refusal}");
        return result.Subject;
    }

    public Task<SubmitResult> Anyone(Transaction body) => Ledger.SubmitAsync(SignedTransaction.Unsigned(body)).AsTask();

    /// <summary>A message as its author signs it so that others can show it.</summary>
    public virtual SignedTransaction Message(Party party, Transaction body) => SignedTransaction.Create(body, 0, Ledger.GenesisDigest, party.Signer);

    /// <summary>Registers all nodes with a stake of 10,000 each.</summary>
    public async Task Register(Func<Party, Cid[]>? pins = null)
    {
        foreach (var node in Nodes)
        {
            await Must(node, new NodeRegister(Workbench.Profile(node, pins?.Invoke(node) ?? []), 10_000));
        }

        await AdvanceAsync(1);
    }

    public NetworkDriver Driver(NodeHabits? habits = null) => new(Ledger, Nodes, AdvanceAsync, habits);

    /// <inheritdoc/>
    public abstract ValueTask DisposeAsync();
}
