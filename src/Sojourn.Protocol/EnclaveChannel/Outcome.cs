using Sojourn.Primitives;
using Sojourn.Primitives.Cbor;
using Sojourn.Protocol.Transactions;

namespace Sojourn.Protocol.EnclaveChannel;

/// <summary>What an enclave says at its end.</summary>
/// <param name="Statement">The result, as the ledger takes it.</param>
/// <param name="Signature">The receipt key's signature over the statement's digest, 64 bytes.</param>
/// <param name="Output">The output's root.</param>
/// <param name="Receipt">The signed receipt (COSE_Sign1).</param>
public sealed record Outcome(ResultStatement Statement, ReadOnlyMemory<byte> Signature, Cid Output, ReadOnlyMemory<byte> Receipt)
{
    /// <summary>The wire form.</summary>
    public byte[] Encode() => new CborWriter().BeginArray()
        .WriteBytes(Statement.Tag.AsSpan()).WriteUnsigned(Statement.Exit).WriteUnsigned(Statement.Fuel).WriteBytes(Statement.Output.AsSpan()).WriteBytes(Statement.Receipt.AsSpan())
        .WriteBytes(Signature.Span).WriteBytes(Output.Bytes).WriteBytes(Receipt.Span)
        .EndArray().ToArray();

    /// <summary>Reads the wire form.</summary>
    /// <param name="payload">A frame's payload.</param>
    public static Outcome Decode(ReadOnlySpan<byte> payload)
    {
        try
        {
            var reader = new CborReader(payload);
            reader.ReadArrayHeaderExactly(8);
            var statement = new ResultStatement(
                new Digest(reader.ReadBytesExactly(32)), checked((uint)reader.ReadUInt64()), reader.ReadUInt64(),
                new Digest(reader.ReadBytesExactly(32)), new Digest(reader.ReadBytesExactly(32)));
            var outcome = new Outcome(statement, reader.ReadBytesExactly(64).ToArray(), Cid.Decode(reader.ReadBytes(128)), reader.ReadBytes(1 << 20).ToArray());
            reader.ReadEnd();
            return outcome;
        }
        catch (Exception e) when (e is CborException or CidException or OverflowException)
        {
            throw new ChannelException(ChannelFault.Malformed, "an outcome");
        }
    }
}

/// <summary>Why an enclave did not run a job. It says nothing about the content.</summary>
/// <param name="Reason">The reason, as the ledger takes it.</param>
/// <param name="Words">What happened, for the operator: identifiers and limits only.</param>
public sealed record EnclaveRefusal(FailReason Reason, string Words)
{
    /// <summary>The wire form.</summary>
    public byte[] Encode() => new CborWriter().BeginArray().WriteUnsigned((ulong)Reason).WriteText(Words).EndArray().ToArray();

    /// <summary>Reads the wire form.</summary>
    /// <param name="payload">A frame's payload.</param>
    public static EnclaveRefusal Decode(ReadOnlySpan<byte> payload)
    {
        try
        {
            var reader = new CborReader(payload);
            reader.ReadArrayHeaderExactly(2);
            var refusal = new EnclaveRefusal((FailReason)reader.ReadInt32(1, 8), reader.ReadText(4096));
            reader.ReadEnd();
            return refusal;
        }
        catch (CborException e)
        {
            throw new ChannelException(ChannelFault.Malformed, $"a refusal: {e.Fault}");
        }
    }
}

/// <summary>Something a person should know of. It says nothing about the content.</summary>
/// <param name="Words">What happened: names and identifiers only.</param>
public sealed record EnclaveNotice(string Words)
{
    private const int WordsMax = 2000;

    /// <summary>The wire form.</summary>
    public byte[] Encode() => new CborWriter().BeginArray().WriteText(Words.Length > WordsMax ? Words[..WordsMax] : Words).EndArray().ToArray();

    /// <summary>Reads the wire form.</summary>
    /// <param name="payload">A frame's payload.</param>
    public static EnclaveNotice Decode(ReadOnlySpan<byte> payload)
    {
        try
        {
            var reader = new CborReader(payload);
            reader.ReadArrayHeaderExactly(1);
            var notice = new EnclaveNotice(reader.ReadText(WordsMax * 4));
            reader.ReadEnd();
            return notice;
        }
        catch (CborException e)
        {
            throw new ChannelException(ChannelFault.Malformed, $"a notice: {e.Fault}");
        }
    }
}

/// <summary>How far an enclave is.</summary>
public enum EnclaveStage : byte
{
    /// <summary>Fetching and checking blocks.</summary>
    Fetching = 1,

    /// <summary>Compiling the code.</summary>
    Compiling = 2,

    /// <summary>Running the guest.</summary>
    Running = 3,

    /// <summary>Running guards.</summary>
    Guarding = 4,

    /// <summary>Sealing the output.</summary>
    Sealing = 5,

    /// <summary>Running the job's checker.</summary>
    Checking = 6,
}

/// <summary>Progress, for people who wait: a stage and a share.</summary>
/// <param name="Stage">The stage.</param>
/// <param name="Done">Done so far, in the stage's unit.</param>
/// <param name="Total">To do; 0 where unknown.</param>
[System.Runtime.InteropServices.StructLayout(System.Runtime.InteropServices.LayoutKind.Auto)]
public readonly record struct EnclaveProgress(EnclaveStage Stage, ulong Done, ulong Total)
{
    /// <summary>The wire form.</summary>
    public byte[] Encode() => new CborWriter().BeginArray().WriteUnsigned((ulong)Stage).WriteUnsigned(Done).WriteUnsigned(Total).EndArray().ToArray();

    /// <summary>Reads the wire form.</summary>
    /// <param name="payload">A frame's payload.</param>
    public static EnclaveProgress Decode(ReadOnlySpan<byte> payload)
    {
        try
        {
            var reader = new CborReader(payload);
            reader.ReadArrayHeaderExactly(3);
            var progress = new EnclaveProgress((EnclaveStage)reader.ReadInt32(1, 6), reader.ReadUInt64(), reader.ReadUInt64());
            reader.ReadEnd();
            return progress;
        }
        catch (CborException e)
        {
            throw new ChannelException(ChannelFault.Malformed, $"progress: {e.Fault}");
        }
    }
}
