using Sojourn.Ledger.Embedded;
using Sojourn.Ledger.Embedded.Chain;
using Sojourn.Ledger.Embedded.Http;
using Sojourn.Ledger.Embedded.Sequencing;
using Sojourn.Ledger.Tests.Processes;
using Sojourn.Primitives;
using Sojourn.Protocol.Reasons;
using Sojourn.Protocol.Transactions;

namespace Sojourn.Ledger.Tests.Sequencing;

/// <summary>What a leader takes for confirmed, and whom a replica takes for alive, where messages are shown again, to others, or made up.</summary>
public sealed class ReplicationTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);
    private readonly string _folder = Directory.CreateTempSubdirectory("sojourn-replication-").FullName;
    private readonly Uri[] _addresses = SequencerProcess.FreeAddresses(SequencerProcess.Count);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private EmbeddedLedger Open(int index, Func<EmbeddedLedgerOptions, EmbeddedLedgerOptions>? change = null)
    {
        var path = Path.Combine(_folder, $"{index}.db");
        EmbeddedLedger.Create(path, SequencerProcess.Genesis);
        var options = SequencerProcess.Options(path, index, _addresses, clocked: false);
        return EmbeddedLedger.Open(change?.Invoke(options) ?? options);
    }

    private static async Task Until(Func<bool> holds, string what)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (!holds())
        {
            Assert.False(patience.IsCancellationRequested, what);
            await Task.Delay(20);
        }
    }

    private static Task<Protocol.Ports.SubmitResult> Pay(EmbeddedLedger ledger, ulong nonce) =>
        ledger.SubmitAsync(SignedTransaction.Create(new Transfer(SequencerProcess.Payers[1].Address, 1), nonce, ledger.GenesisDigest, SequencerProcess.Payers[0].Signer)).AsTask();

    private static ulong Last(LeadRequest request)
    {
        using var stream = new MemoryStream(request.Blocks.ToArray());
        var last = request.PreviousNumber;
        while (Block.ReadFrom(stream) is { } block)
        {
            last = block.Header.Number;
        }

        return last;
    }

    [Theory]
    [InlineData("shown again")]
    [InlineData("signed for another message")]
    [InlineData("without the block")]
    public async Task A_block_that_only_the_leader_holds_is_not_acknowledged(string answer)
    {
        var playing = false;
        var answers = 0;
        byte[]? kept = null;
        LeadRequest? first = null;
        await using var played = await PlayedSequencer.StartAsync(1, _addresses, request =>
        {
            Interlocked.Increment(ref answers);
            // At first it does what it should.
            if (!Volatile.Read(ref playing))
            {
                first = request;
                return kept = PlayedSequencer.Answer(1, request, true, Last(request));
            }

            return answer switch
            {
                "shown again" => kept,
                "signed for another message" => PlayedSequencer.Answer(1, first! with { Term = request.Term }, true, Last(request)),
                _ => PlayedSequencer.Answer(1, request, true, Math.Min(request.PreviousNumber, 1)),
            };
        });
        await using var ledger = Open(0);
        await Until(() => ledger.Leads && ledger.SettledNumber > 0, "It does not lead.");
        Volatile.Write(ref playing, true);
        var paid = Pay(ledger, 0);
        if (answer == "without the block")
        {
            // It answers, so it counts as alive and the leader goes on; only the block is confirmed once it is held.
            var settled = ledger.SettledNumber;
            var before = Volatile.Read(ref answers);
            await Until(() => Volatile.Read(ref answers) > before + 4, "It asks no more.");
            Assert.False(paid.IsCompleted);
            Assert.Equal(settled, ledger.SettledNumber);
            Volatile.Write(ref playing, false);
            Assert.Equal(Refusal.None, (await paid.WaitAsync(Patience)).Refusal);
            return;
        }

        // Nobody answers what is asked: it steps down, and nothing was promised.
        await Assert.ThrowsAsync<NotLeadingException>(() => paid.WaitAsync(Patience));
    }

    [Fact]
    public async Task A_dead_leaders_message_is_served_once_and_by_the_one_it_is_for()
    {
        var leader = SequencerProcess.Sequencer(0);
        var digest = PlayedSequencer.Ledger;
        // It must not stand for a term of its own meanwhile, however slow the machine.
        await using var ledger = Open(1, options => options with { TakeOverAfter = TimeSpan.FromHours(1) });
        var replica = ledger.Sequencers!;
        LeadReply? Lead(ulong term, int to, ulong count)
        {
            var request = new LeadRequest(term, to, count, 0, digest, 0, default, default);
            request = request with { Signature = leader.Signer.Sign(request.SigningDigest(digest)) };
            var reply = replica.Take(request);
            // Each answer is to this message and no other.
            Assert.True(reply is null || SequencerProcess.Cryptography.Verify(SequencerProcess.Sequencer(1).Address, reply.SigningDigest(digest, request.SigningDigest(digest)), reply.Signature.Span));
            return reply;
        }

        Assert.Null(Lead(3, 2, 1));
        Assert.Null(ledger.LeaderIndex);
        Assert.True(Lead(3, 1, 2) is { Kept: true });
        Assert.Equal(0, ledger.LeaderIndex);
        Assert.Null(Lead(3, 1, 2));
        Assert.Null(Lead(3, 1, 1));
        Assert.True(Lead(3, 1, 3) is { Kept: true });
        // A later term counts anew, and then the earlier one is refused with a word: its leader must learn of it.
        Assert.True(Lead(6, 1, 1) is { Kept: true });
        Assert.True(Lead(3, 1, 4) is { Kept: false, Promised: 6 });
        Assert.Null(Lead(6, 1, 1));
    }

    private sealed class SignerThatFailsOnce(Protocol.Ports.ISigner signer) : Protocol.Ports.ISigner
    {
        private int _calls;

        public Address Address => signer.Address;

        public byte[] Sign(Digest digest) => Interlocked.Increment(ref _calls) == 1 ? throw new IOException("The key is away.") : signer.Sign(digest);
    }

    [Fact]
    public async Task What_goes_wrong_once_while_it_stands_is_told_and_done_again()
    {
        await using var played = await PlayedSequencer.StartAsync(1, _addresses, request => PlayedSequencer.Answer(1, request, true, Last(request)));
        var told = new System.Collections.Concurrent.ConcurrentQueue<string>();
        await using var ledger = Open(0, options => options with { Sequencer = new SignerThatFailsOnce(options.Sequencer!), Notice = told.Enqueue });
        await Until(() => ledger.Leads, "It never stood again.");
        Assert.Contains(told, text => text.Contains("The key is away.", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(16)]
    [InlineData(17)]
    public async Task An_answer_without_end_is_not_read_to_its_end(int pieces)
    {
        await using var played = await PlayedSequencer.StartAsync(1, _addresses, _ => null, async context =>
        {
            for (var i = 0; i < pieces; i++)
            {
                await context.Response.Body.WriteAsync(new byte[64 * 1024], context.RequestAborted);
            }
        });
        using var client = Cluster.Client(Patience);
        using var nothing = new ByteArrayContent([]);
        var answer = client.PostAsync(new Uri(_addresses[1], "api/v1/ledger/sequencing/promise"), nothing);
        if (pieces == 16)
        {
            using var response = await answer;
            Assert.Equal(1 << 20, (await response.Content.ReadAsByteArrayAsync()).Length);
        }
        else
        {
            await Assert.ThrowsAsync<HttpRequestException>(() => answer);
        }
    }

    [Fact]
    public void A_replica_that_only_refuses_is_asked_again_after_a_pause()
    {
        var progress = new LinkProgress(1_000_000);
        Assert.True(progress.Answered(false, 40, 1_000_000));
        Assert.Equal(41UL, progress.Next);
        // It goes on at once as long as it is kept.
        for (var last = 50UL; last < 1000; last += 10)
        {
            Assert.True(progress.Answered(true, last, last));
            Assert.Equal(last + 1, progress.Next);
        }

        // However it says no, and though it says yes in between: at once a few times, and never again.
        var atOnce = 0;
        for (var i = 0UL; i < 100; i++)
        {
            atOnce += progress.Answered(false, i % 3 == 0 ? ulong.MaxValue : 0, 1000) ? 1 : 0;
            Assert.InRange(progress.Next, 1UL, 1000UL);
            progress.Answered(true, 1000, 1000);
        }

        Assert.InRange(atOnce, 0, 4);

        // What it says it holds is no more than it was sent, and no more than it says.
        Assert.True(progress.Answered(true, ulong.MaxValue, 1000));
        Assert.Equal(1001UL, progress.Next);
        Assert.False(progress.Answered(true, 990, 1000));
        Assert.Equal(991UL, progress.Next);
    }
}
