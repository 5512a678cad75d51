using System.Buffers.Binary;
using System.Collections.Immutable;
using Sojourn.Attestation.Tpm;

namespace Sojourn.Attestation.Devices.Tpm;

/// <summary>The commands of a TPM 2.0 that attestation needs (TPM 2.0 Library, part 3). Every answer is checked for its form; nothing waits longer than its time-out.</summary>
internal sealed partial class TpmClient(ITpmTransport transport, TimeProvider clock) : IAsyncDisposable
{
    public const uint EndorsementHierarchy = 0x4000000B;
    public const uint OwnerHierarchy = 0x40000001;
    private const int RetriesMax = 20;
    private readonly SemaphoreSlim gate = new(1, 1);
    private bool broken;

    /// <summary>How long one command may take. Making an RSA key on a slow TPM takes tens of seconds.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long to wait before a command is sent again that the TPM asked to repeat.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromMilliseconds(20);

    public string Name => transport.Name;

    public async ValueTask DisposeAsync()
    {
        await transport.DisposeAsync().ConfigureAwait(false);
        gate.Dispose();
    }

    /// <summary>Sends a command; gives the answer's handle (where the command makes one) and parameters.</summary>
    public async ValueTask<TpmAnswer> SendAsync(TpmCommand command, bool makesHandle, CancellationToken cancellation)
    {
        await gate.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            var started = false;
            for (var attempt = 0; ; attempt++)
            {
                var answer = await ExchangeAsync(command.Build(), cancellation).ConfigureAwait(false);
                var code = Code(answer, command.HasSessions);
                if (code == TpmResponseCode.Success)
                {
                    return Open(answer, command.HasSessions, makesHandle);
                }

                if (code == TpmResponseCode.Initialize && !started)
                {
                    // A software TPM that nobody has started yet; firmware has done so on a real machine.
                    started = true;
                    await ExchangeAsync(new TpmCommand(0x144).U16(0).Build(), cancellation).ConfigureAwait(false);
                }
                else if (TpmResponseCode.MayRetry(code) && attempt < RetriesMax)
                {
                    await Task.Delay(RetryDelay, clock, cancellation).ConfigureAwait(false);
                }
                else
                {
                    throw new TpmException(TpmFailure.ErrorCode, $"The TPM at {Name} refused a command: {TpmResponseCode.Words(code)}.", code);
                }
            }
        }
        finally
        {
            gate.Release();
        }
    }

    private async ValueTask<byte[]> ExchangeAsync(byte[] command, CancellationToken cancellation)
    {
        if (broken)
        {
            throw new TpmException(TpmFailure.Disconnected, $"The connection to the TPM at {Name} was given up after an earlier failure; open it again.");
        }

        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        using var timer = clock.CreateTimer(static state => ((CancellationTokenSource)state!).Cancel(), deadline, Timeout, System.Threading.Timeout.InfiniteTimeSpan);
        broken = true;
        byte[] answer;
        try
        {
            answer = await transport.ExchangeAsync(command, deadline.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new TpmException(TpmFailure.TimedOut, $"The TPM at {Name} did not answer within {Timeout.TotalSeconds:0.#} s.");
        }

        if (answer.Length < 10 || BinaryPrimitives.ReadUInt32BigEndian(answer.AsSpan(2)) != answer.Length)
        {
            throw new TpmException(TpmFailure.MalformedAnswer, $"The TPM at {Name} gave an answer of {answer.Length} bytes that says another length.");
        }

        broken = false;
        return answer;
    }

    private uint Code(byte[] answer, bool sessions)
    {
        var tag = BinaryPrimitives.ReadUInt16BigEndian(answer);
        var code = BinaryPrimitives.ReadUInt32BigEndian(answer.AsSpan(6));
        if (code == TpmResponseCode.Success ? tag != (sessions ? 0x8002 : 0x8001) : tag is not (0x8001 or 0x00C4))
        {
            throw new TpmException(TpmFailure.MalformedAnswer, $"The TPM at {Name} gave an answer with the tag {tag:x4}h.");
        }

        return code != TpmResponseCode.Success && answer.Length != 10
            ? throw new TpmException(TpmFailure.MalformedAnswer, $"The TPM at {Name} gave an error of {answer.Length} bytes; 10 are expected.")
            : code;
    }

    private TpmAnswer Open(byte[] answer, bool sessions, bool makesHandle)
    {
        var rest = answer.AsMemory(10);
        uint handle = 0;
        if (makesHandle)
        {
            if (rest.Length < 4)
            {
                throw Short();
            }

            handle = BinaryPrimitives.ReadUInt32BigEndian(rest.Span);
            rest = rest[4..];
        }

        if (sessions)
        {
            if (rest.Length < 4 || BinaryPrimitives.ReadUInt32BigEndian(rest.Span) is var length && length > rest.Length - 4)
            {
                throw Short();
            }

            rest = rest.Slice(4, (int)length);
        }

        return new TpmAnswer(handle, rest, this);
    }

    public TpmException Short() => new(TpmFailure.MalformedAnswer, $"The TPM at {Name} gave an answer whose parts do not fill it.");

    public TpmException Lie(string what) => new(TpmFailure.Lie, $"The TPM at {Name} contradicts itself: {what}.");
}

/// <summary>An answer's handle and parameters.</summary>
[System.Runtime.InteropServices.StructLayout(System.Runtime.InteropServices.LayoutKind.Auto)]
internal readonly record struct TpmAnswer(uint Handle, ReadOnlyMemory<byte> Parameters, TpmClient Client);
