using System.Globalization;
using Sojourn.Ledger.Embedded;
using Sojourn.Protocol.Genesis;
using Sojourn.Protocol.Transactions;
using Sojourn.Simulation.Model;

namespace Sojourn.Ledger.Tests.Processes;

/// <summary>Writes to a ledger as fast as it can and says what was acknowledged, until it is killed.</summary>
internal static class LoadProcess
{
    public static ICryptography Cryptography { get; } = new IdealCryptography(78);

    public static Party Sequencer { get; } = Party.Of(Cryptography, "sequencer");

    public static IReadOnlyList<Party> Payers { get; } = [.. Enumerable.Range(0, 6).Select(i => Party.Of(Cryptography, $"payer{i}"))];

    public static LedgerGenesis Genesis { get; } = new()
    {
        Name = "load",
        Development = true,
        Issuer = Sequencer.Address,
        Sequencers = [new Sequencer(Sequencer.Address, Sequencer.Vrf.PublicKey)],
        Allocations = [.. Payers.Select(payer => new Allocation(payer.Address, 1_000_000_000))],
        Rules = Workbench.Rules,
    };

    public static EmbeddedLedgerOptions Options(string path) => new()
    {
        Path = path, Sequencer = Sequencer.Signer, BeaconKey = Sequencer.Vrf, Signatures = Cryptography, Vrf = Cryptography, Clocked = false, SnapshotBlocks = 64,
    };

    public static async Task RunAsync(string path, int seed)
    {
        var random = new Random(seed);
        var pauses = random.Next(3);
        await using var ledger = EmbeddedLedger.Open(Options(path));
        await Task.WhenAll(Payers.Select(async (payer, index) =>
        {
            for (var nonce = (await ledger.AccountAsync(payer.Address)).Nonce; ; nonce++)
            {
                var result = await ledger.SubmitAsync(SignedTransaction.Create(new Transfer(Payers[(index + 1) % Payers.Count].Address, 1), nonce, ledger.GenesisDigest, payer.Signer));
                if (!result.Applied)
                {
                    throw new InvalidOperationException($"{payer.Name} {nonce}: {result.Refusal}");
                }

                lock (Payers)
                {
                    Console.Out.Write(string.Create(CultureInfo.InvariantCulture, $"A{index} {nonce}\n"));
                    Console.Out.Flush();
                }

                if (pauses > 0 && (nonce & 7) == 0)
                {
                    await ledger.AdvanceAsync();
                }
            }
        }));
    }
}
