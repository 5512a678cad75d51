using System.Collections.Immutable;
using System.Security.Cryptography;
using Sojourn.Primitives;
using Sojourn.Primitives.Cbor;
using Sojourn.Primitives.Cose;
using Sojourn.Protocol.Checks;
using Sojourn.Protocol.Transactions;

namespace Sojourn.Protocol.Receipts;

/// <summary>What one guard said of one output.</summary>
/// <param name="Guard">The guard module.</param>
/// <param name="Verdict">Its verdict.</param>
/// <param name="Struck">How many bytes it struck out.</param>
public sealed record GuardVerdict(Cid Guard, GuardDecision Verdict, long Struck);

/// <summary>What a guard may say.</summary>
public enum GuardDecision : byte
{
    /// <summary>The output may leave as it is.</summary>
    Pass = 1,

    /// <summary>The output may leave without the ranges that were struck out.</summary>
    Strike = 2,

    /// <summary>Nothing may leave.</summary>
    Refuse = 3,
}

/// <summary>The enclave's signed statement of what ran on what and what came out.</summary>
/// <remarks>COSE_Sign1 (ES256, RFC 9052) over CWT/EAT claims (RFC 8392, RFC 9711); the profile and the labels below -70000 are in docs/protocol/receipts.md.</remarks>
public sealed record JobReceipt
{
    /// <summary>The profile's name, in the claim eat_profile.</summary>
    public const string Profile = "tag:sojourn.example,2026:receipt/1";

    private const long Genesis_ = -70001;
    private const long Job_ = -70002;
    private const long Round_ = -70003;
    private const long Executor_ = -70004;
    private const long Beacon_ = -70005;
    private const long Spec_ = -70006;
    private const long Code_ = -70007;
    private const long Inputs_ = -70008;
    private const long Output_ = -70009;
    private const long Tag_ = -70010;
    private const long Exit_ = -70011;
    private const long Fuel_ = -70012;
    private const long Engine_ = -70013;
    private const long Deterministic_ = -70014;
    private const long Admission_ = -70015;
    private const long Evidence_ = -70016;
    private const long Guards_ = -70017;
    private const long Started_ = -70018;
    private const long Checked_ = -70019;

    /// <summary>The ledger.</summary>
    public required Digest Genesis { get; init; }

    /// <summary>The job.</summary>
    public required Digest Job { get; init; }

    /// <summary>The round.</summary>
    public required byte Round { get; init; }

    /// <summary>The executor's account.</summary>
    public required Address Executor { get; init; }

    /// <summary>The round's beacon.</summary>
    public required Digest Beacon { get; init; }

    /// <summary>The job's specification.</summary>
    public required Cid Spec { get; init; }

    /// <summary>The code.</summary>
    public required Cid Code { get; init; }

    /// <summary>The inputs.</summary>
    public required ImmutableArray<Cid> Inputs { get; init; }

    /// <summary>The output, sealed or plain.</summary>
    public required Cid Output { get; init; }

    /// <summary>HMAC(k, output): equal outputs have equal tags and tell nothing else.</summary>
    public required Digest Tag { get; init; }

    /// <summary>The guest's exit code, or a trap's number with the top bit set.</summary>
    public required uint Exit { get; init; }

    /// <summary>Fuel burnt.</summary>
    public required ulong Fuel { get; init; }

    /// <summary>The engine, its version and that of its cost table.</summary>
    public required string Engine { get; init; }

    /// <summary>Whether clocks were virtual and randomness seeded.</summary>
    public required bool Deterministic { get; init; }

    /// <summary>The admission.</summary>
    public required Digest Admission { get; init; }

    /// <summary>The digest of the evidence that was admitted.</summary>
    public required Digest Evidence { get; init; }

    /// <summary>What the guards said.</summary>
    public ImmutableArray<GuardVerdict> Guards { get; init; } = [];

    /// <summary>What the job's checker said of the output, inside the enclave; null where the job has none.</summary>
    public CheckerReport? Checked { get; init; }

    /// <summary>When the guest started, by the node's clock: not proved.</summary>
    public required DateTimeOffset Started { get; init; }

    /// <summary>When the receipt was signed, by the node's clock: not proved.</summary>
    public required DateTimeOffset Signed { get; init; }

    /// <summary>Signs the receipt.</summary>
    /// <param name="key">The enclave's receipt key (P-256).</param>
    /// <param name="publicKey">Its compressed public half, 33 bytes.</param>
    /// <returns>The COSE_Sign1 message, tagged.</returns>
    public byte[] Sign(ECDsa key, ReadOnlySpan<byte> publicKey)
    {
        var claims = CwtClaims.Empty
            .With(CwtClaim.EatProfile, writer => writer.WriteText(Profile))
            .With(CwtClaim.IssuedAt, Signed)
            .With(Genesis_, writer => writer.WriteBytes(Genesis.AsSpan()))
            .With(Job_, writer => writer.WriteBytes(Job.AsSpan()))
            .With(Round_, writer => writer.WriteUnsigned(Round))
            .With(Executor_, writer => writer.WriteBytes(Executor.AsSpan()))
            .With(Beacon_, writer => writer.WriteBytes(Beacon.AsSpan()))
            .With(Spec_, writer => writer.WriteBytes(Spec.Bytes))
            .With(Code_, writer => writer.WriteBytes(Code.Bytes))
            .With(Inputs_, writer =>
            {
                writer.BeginArray();
                foreach (var input in Inputs)
                {
                    writer.WriteBytes(input.Bytes);
                }

                writer.EndArray();
            })
            .With(Output_, writer => writer.WriteBytes(Output.Bytes))
            .With(Tag_, writer => writer.WriteBytes(Tag.AsSpan()))
            .With(Exit_, writer => writer.WriteUnsigned(Exit))
            .With(Fuel_, writer => writer.WriteUnsigned(Fuel))
            .With(Engine_, writer => writer.WriteText(Engine))
            .With(Deterministic_, writer => writer.WriteBoolean(Deterministic))
            .With(Admission_, writer => writer.WriteBytes(Admission.AsSpan()))
            .With(Evidence_, writer => writer.WriteBytes(Evidence.AsSpan()))
            .With(Guards_, writer =>
            {
                writer.BeginArray();
                foreach (var guard in Guards)
                {
                    writer.BeginArray().WriteBytes(guard.Guard.Bytes).WriteUnsigned((ulong)guard.Verdict).WriteInteger(guard.Struck).EndArray();
                }

                writer.EndArray();
            })
            .With(Started_, writer => writer.WriteInteger(Started.ToUnixTimeSeconds()));
        if (Checked is { } report)
        {
            claims = claims.With(Checked_, writer => writer.BeginArray().WriteBytes(report.Checker.Bytes).WriteBoolean(report.Accepted).WriteBytes(report.Report.AsSpan()).EndArray());
        }

        return CoseSign1.Sign(key, CoseAlgorithm.ES256, claims.Encode(), CoseMap.Empty.With(CoseHeader.KeyId, publicKey.ToArray())).Encode();
    }

    /// <summary>Reads a receipt. Nothing is verified by this.</summary>
    /// <param name="message">The COSE_Sign1 message; untrusted.</param>
    /// <param name="receipt">The receipt, where it is one.</param>
    /// <param name="receiptKey">The key that the message names, 33 bytes.</param>
    public static bool TryDecode(ReadOnlySpan<byte> message, out JobReceipt? receipt, out byte[] receiptKey)
    {
        receipt = null;
        receiptKey = [];
        if (CoseSign1.TryDecode(message, out var cose) != CoseFault.None || cose!.Payload is not { } payload
            || CwtClaims.TryDecode(payload.Span, out var claims) != CoseFault.None || claims.Profile != Profile || claims.IssuedAt is not { } signed
            || cose.ProtectedHeaders.GetBytes(CoseHeader.KeyId) is not { Length: 33 } key)
        {
            return false;
        }

        var map = claims.Map;
        try
        {
            receipt = new JobReceipt
            {
                Genesis = DigestOf(map, Genesis_),
                Job = DigestOf(map, Job_),
                Round = checked((byte)(map.GetInteger(Round_) ?? throw new FormatException())),
                Executor = new Address(map.GetBytes(Executor_)),
                Beacon = DigestOf(map, Beacon_),
                Spec = Cid.Decode(map.GetBytes(Spec_)),
                Code = Cid.Decode(map.GetBytes(Code_)),
                Inputs = ReadInputs(map[Inputs_]),
                Output = Cid.Decode(map.GetBytes(Output_)),
                Tag = DigestOf(map, Tag_),
                Exit = checked((uint)(map.GetInteger(Exit_) ?? throw new FormatException())),
                Fuel = checked((ulong)(map.GetInteger(Fuel_) ?? throw new FormatException())),
                Engine = map.GetText(Engine_) ?? throw new FormatException(),
                Deterministic = ReadFlag(map[Deterministic_]),
                Admission = DigestOf(map, Admission_),
                Evidence = DigestOf(map, Evidence_),
                Guards = ReadGuards(map[Guards_]),
                Checked = map.Contains(Checked_) ? ReadReport(map[Checked_]!.Value) : null,
                Started = DateTimeOffset.FromUnixTimeSeconds(map.GetInteger(Started_) ?? throw new FormatException()),
                Signed = signed,
            };
            receiptKey = key;
            return true;
        }
        catch (Exception e) when (e is FormatException or ArgumentException or OverflowException)
        {
            receipt = null;
            return false;
        }
    }

    /// <summary>Checks the message's signature under a receipt key.</summary>
    /// <param name="message">The COSE_Sign1 message.</param>
    /// <param name="receiptKey">The admitted key: P-256, compressed, 33 bytes.</param>
    public static CoseFault Verify(ReadOnlySpan<byte> message, ReadOnlySpan<byte> receiptKey)
    {
        var fault = CoseSign1.TryDecode(message, out var cose);
        if (fault != CoseFault.None)
        {
            return fault;
        }

        using var key = ReceiptKeys.Import(receiptKey);
        return key is null || !cose!.AlgorithmIsProtected ? CoseFault.UnknownAlgorithm : cose.Verify(key);
    }

    private static Digest DigestOf(CoseMap map, long label) => new(map.GetBytes(label));

    private static bool ReadFlag(ReadOnlyMemory<byte>? item)
    {
        var reader = new CborReader((item ?? throw new FormatException()).Span);
        return reader.ReadBoolean();
    }

    private static ImmutableArray<Cid> ReadInputs(ReadOnlyMemory<byte>? item)
    {
        var reader = new CborReader((item ?? throw new FormatException()).Span);
        var inputs = ImmutableArray.CreateBuilder<Cid>();
        for (var n = reader.ReadArrayHeader(64); n > 0; n--)
        {
            inputs.Add(Cid.Decode(reader.ReadBytes(128)));
        }

        return inputs.ToImmutable();
    }

    private static CheckerReport ReadReport(ReadOnlyMemory<byte> item)
    {
        var reader = new CborReader(item.Span);
        reader.ReadArrayHeaderExactly(3);
        return new CheckerReport(Cid.Decode(reader.ReadBytes(128)), reader.ReadBoolean(), new Digest(reader.ReadBytesExactly(Digest.Length)));
    }

    private static ImmutableArray<GuardVerdict> ReadGuards(ReadOnlyMemory<byte>? item)
    {
        var reader = new CborReader((item ?? throw new FormatException()).Span);
        var guards = ImmutableArray.CreateBuilder<GuardVerdict>();
        for (var n = reader.ReadArrayHeader(64); n > 0; n--)
        {
            reader.ReadArrayHeaderExactly(3);
            guards.Add(new GuardVerdict(Cid.Decode(reader.ReadBytes(128)), (GuardDecision)reader.ReadInt32(1, 3), reader.ReadInt64()));
        }

        return guards.ToImmutable();
    }
}
