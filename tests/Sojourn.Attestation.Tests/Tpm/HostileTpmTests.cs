using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Sojourn.Attestation.Devices.Tpm;

namespace Sojourn.Attestation.Tests.Tpm;

/// <summary>TPMs that go away, hang, answer short, refuse, or lie: one clear error each.</summary>
[Collection("swtpm")]
public sealed class HostileTpmTests
{
    private static readonly TpmAttesterOptions Options = new() { EventLogPath = "", ImaLogPath = "", Registers = [0, 7, 16] };

    [Fact]
    public async Task ATpmThatIsNotThereIsUnreachable()
    {
        Assert.True(TpmEndpoint.TryParse($"tcp:127.0.0.1:{SoftwareTpm.FreePort()}", out var tcp));
        Assert.True(TpmEndpoint.TryParse("unix:/nonexistent/tpm.sock", out var unix));
        Assert.True(TpmEndpoint.TryParse("device:/nonexistent/tpmrm0", out var device));
        foreach (var endpoint in new[] { tcp!, unix!, device! })
        {
            Assert.Equal(TpmFailure.Unreachable, (await Fails(() => endpoint.Open())).Failure);
        }
    }

    [Fact]
    public async Task ATpmThatGoesAwayInTheMiddleIsDisconnected()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var serving = Task.Run(async () =>
        {
            using var socket = await listener.AcceptSocketAsync();
            var buffer = new byte[64];
            await socket.ReceiveAsync(buffer);
            await socket.SendAsync(new byte[] { 0x80, 0x01, 0, 0, 0, 40, 0 });
        });
        Assert.True(TpmEndpoint.TryParse($"tcp:127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}", out var endpoint));
        Assert.Equal(TpmFailure.Disconnected, (await Fails(() => endpoint!.Open())).Failure);
        await serving;
    }

    [Fact]
    public async Task ATpmThatHangsTimesOut()
    {
        var error = await Fails(() => new Scripted(async (_, cancellation) =>
        {
            await Task.Delay(Timeout.Infinite, cancellation);
            return [];
        }), new ImpatientClock(all: true));
        Assert.Equal(TpmFailure.TimedOut, error.Failure);
    }

    [Theory]
    [InlineData("")]
    [InlineData("8001")]
    [InlineData("80010000000a00000000ff")]
    [InlineData("8001ffffffff00000000")]
    [InlineData("80010000000a00000000")]
    [InlineData("80020000000a00000000")]
    [InlineData("8002000000130000000080000000000000ff00")]
    [InlineData("12340000000a00000000")]
    [InlineData("80010000000c000001010000")]
    public async Task AnAnswerThatBreaksItsFormIsMalformed(string hex)
    {
        var error = await Fails(() => new Scripted((_, _) => Task.FromResult(Convert.FromHexString(hex))));
        Assert.Equal(TpmFailure.MalformedAnswer, error.Failure);
    }

    [Fact]
    public async Task EveryErrorCodeIsToldInWords()
    {
        var words = new HashSet<string>(StringComparer.Ordinal);
        for (uint code = 1; code <= 0xFFF; code++)
        {
            if (code == TpmResponseCode.Initialize)
            {
                continue;
            }

            var answer = Error(code);
            var error = await Fails(() => new Scripted((_, _) => Task.FromResult(answer)), new ImpatientClock(all: false));
            Assert.Equal(TpmFailure.ErrorCode, error.Failure);
            Assert.Equal(code, error.Code);
            Assert.Contains($"{code:x3}h", error.Message, StringComparison.Ordinal);
            words.Add(error.Message);
        }

        Assert.True(words.Count > 4000);
    }

    [Fact]
    public async Task ATpmThatAlwaysAsksToRetryIsGivenUp()
    {
        var asked = 0;
        var error = await Fails(() => new Scripted((_, _) =>
        {
            asked++;
            return Task.FromResult(Error(TpmResponseCode.Retry));
        }), new ImpatientClock(all: false));
        Assert.Equal(TpmFailure.ErrorCode, error.Failure);
        Assert.InRange(asked, 2, 32);
    }

    [ToolFact("swtpm", "swtpm_setup")]
    public async Task ATpmThatLiesGivesAnErrorOrEvidenceThatIsRefused()
    {
        await using var tpm = await SoftwareTpm.StartAsync();
        var data = ReportData.ForChallenge("lies"u8);
        var now = DateTimeOffset.UtcNow;
        var random = new Random(7);
        var lies = 0;
        for (var i = 0; i < 150; i++)
        {
            var victim = random.Next(4);
            var seed = random.Next();
            var count = 0;
            // swtpm serves one connection at a time.
            var real = tpm.Endpoint.Open();
            Scripted Liar() => new(async (command, cancellation) =>
            {
                var answer = await real.ExchangeAsync(command, cancellation);
                if (count++ == victim && answer.Length > 10)
                {
                    var at = 10 + (seed % (answer.Length - 10));
                    answer[at] ^= (byte)(1 << (seed % 8));
                }

                return answer;
            });
            try
            {
                var evidence = await new TpmAttester(Liar, Options with { Timeout = TimeSpan.FromSeconds(20) }).AttestAsync(data, default);
                var verdict = Verifier.Verify(evidence, Collateral.Empty, now);
                var result = Appraiser.Appraise(verdict, evidence, AppraisalPolicy.Development, data, now);
                // A flip in what nothing depends on (a ticket, say) leaves good evidence; else it must be refused.
                lies += result.Accepted ? 0 : 1;
                if (result.Accepted)
                {
                    Assert.True(verdict.Quote!.Claims.Carries(data));
                }
            }
            catch (TpmException e)
            {
                Assert.True(e.Failure is TpmFailure.Lie or TpmFailure.MalformedAnswer or TpmFailure.ErrorCode, e.Message);
                lies++;
            }

            await real.DisposeAsync();
            await using var cleaner = new TpmClient(tpm.Endpoint.Open(), TimeProvider.System);
            foreach (var handle in await cleaner.HandlesAsync(0x80000000, default))
            {
                await cleaner.FlushAsync(handle, default);
            }
        }

        Assert.True(lies > 50);
    }

    [ToolFact("swtpm", "swtpm_setup")]
    public async Task ATpmThatDiesBetweenTwoQuotesIsTold()
    {
        await using var tpm = await SoftwareTpm.StartAsync();
        var attester = new TpmAttester(tpm.Endpoint, Options);
        await attester.AttestAsync(ReportData.ForChallenge("one"u8), default);
        await tpm.KillAsync();
        var error = await Assert.ThrowsAsync<TpmException>(async () => await attester.AttestAsync(ReportData.ForChallenge("two"u8), default));
        Assert.True(error.Failure is TpmFailure.Unreachable or TpmFailure.Disconnected);
    }

    [Fact]
    public async Task RandomAnswersNeverCrashTheClient()
    {
        var random = new Random(99);
        for (var i = 0; i < 3000; i++)
        {
            var body = new byte[random.Next(0, 400)];
            random.NextBytes(body);
            byte[] answer = [0x80, (byte)random.Next(1, 3), 0, 0, 0, 0, 0, 0, 0, 0, .. body];
            BinaryPrimitives.WriteInt32BigEndian(answer.AsSpan(2), answer.Length);
            await Fails(() => new Scripted((_, _) => Task.FromResult(answer)), new ImpatientClock(all: false));
        }
    }

    private static byte[] Error(uint code)
    {
        byte[] answer = [0x80, 0x01, 0, 0, 0, 10, 0, 0, 0, 0];
        BinaryPrimitives.WriteUInt32BigEndian(answer.AsSpan(6), code);
        return answer;
    }

    private static async Task<TpmException> Fails(Func<ITpmTransport> open, TimeProvider? clock = null) =>
        await Assert.ThrowsAsync<TpmException>(async () => await new TpmAttester(open, Options, clock).AttestAsync(ReportData.ForChallenge("x"u8), default));

    private sealed class Scripted(Func<ReadOnlyMemory<byte>, CancellationToken, Task<byte[]>> answer) : ITpmTransport
    {
        public string Name => "scripted";

        public async ValueTask<byte[]> ExchangeAsync(ReadOnlyMemory<byte> command, CancellationToken cancellation) => await answer(command, cancellation);

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    /// <summary>A clock on which short waits (or all) are over at once, so that no test sleeps.</summary>
    private sealed class ImpatientClock(bool all) : TimeProvider
    {
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            base.CreateTimer(callback, state, all || dueTime < TimeSpan.FromSeconds(1) ? TimeSpan.Zero : Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }
}
