using System.Collections.Immutable;

namespace Sojourn.Attestation.Tpm;

/// <summary>One bank's selected registers.</summary>
internal sealed record PcrSelection(ushort Bank, ImmutableArray<int> Registers);

/// <summary>TPMS_ATTEST of a quote or of a certification (TPM 2.0 Library, part 2, 10.12).</summary>
internal sealed class TpmAttest
{
    public const uint Magic = 0xFF544347;
    public const ushort QuoteType = 0x8018;
    public const ushort CertifyType = 0x8017;
    private const int BytesMax = 2048;
    private const int BanksMax = 16;

    public ushort Type { get; private init; }

    public byte[] QualifiedSigner { get; private init; } = [];

    public byte[] ExtraData { get; private init; } = [];

    public ulong Clock { get; private init; }

    public uint ResetCount { get; private init; }

    public uint RestartCount { get; private init; }

    public bool Safe { get; private init; }

    public ulong FirmwareVersion { get; private init; }

    public ImmutableArray<PcrSelection> Selection { get; private init; } = [];

    public byte[] PcrDigest { get; private init; } = [];

    /// <summary>The name of the certified object.</summary>
    public byte[] CertifiedName { get; private init; } = [];

    public static TpmAttest? TryParse(ReadOnlySpan<byte> bytes, Findings findings)
    {
        if (bytes.Length is < 6 or > BytesMax)
        {
            findings.Add(QuoteFault.Truncated, $"TPMS_ATTEST of {bytes.Length} bytes");
            return null;
        }

        var reader = new TpmReader(bytes);
        if (reader.U32() != Magic)
        {
            findings.Add(QuoteFault.NotATpmQuote, "the structure does not begin with TPM_GENERATED: no TPM made it");
            return null;
        }

        var type = reader.U16();
        if (type is not (QuoteType or CertifyType))
        {
            findings.Add(QuoteFault.NotATpmQuote, $"the structure is of type {type:x4}h, not a quote");
            return null;
        }

        var signer = reader.Sized().ToArray();
        var extra = reader.Sized().ToArray();
        var clock = reader.U64();
        var reset = reader.U32();
        var restart = reader.U32();
        var safe = reader.U8();
        var firmware = reader.U64();
        var selection = ImmutableArray.CreateBuilder<PcrSelection>();
        byte[] digest = [], name = [];
        if (type == QuoteType)
        {
            ReadSelection(ref reader, selection);
            digest = reader.Sized().ToArray();
        }
        else
        {
            name = reader.Sized().ToArray();
            reader.Sized();
        }

        if (!reader.Done || safe > 1)
        {
            findings.Add(reader.Failed ? QuoteFault.Truncated : QuoteFault.TrailingBytes, "TPMS_ATTEST has not the length that its parts give");
            return null;
        }

        return new TpmAttest
        {
            Type = type,
            QualifiedSigner = signer,
            ExtraData = extra,
            Clock = clock,
            ResetCount = reset,
            RestartCount = restart,
            Safe = safe == 1,
            FirmwareVersion = firmware,
            Selection = selection.ToImmutable(),
            PcrDigest = digest,
            CertifiedName = name,
        };
    }

    public static void ReadSelection(ref TpmReader reader, ImmutableArray<PcrSelection>.Builder selection)
    {
        var count = reader.U32();
        if (count > BanksMax)
        {
            reader.Fail();
            return;
        }

        for (var i = 0; i < count; i++)
        {
            var bank = reader.U16();
            var bits = reader.Bytes(reader.U8());
            if (bits.Length > 4)
            {
                reader.Fail();
                return;
            }

            var registers = ImmutableArray.CreateBuilder<int>();
            for (var register = 0; register < bits.Length * 8; register++)
            {
                if ((bits[register / 8] & (1 << (register % 8))) != 0)
                {
                    registers.Add(register);
                }
            }

            selection.Add(new PcrSelection(bank, registers.ToImmutable()));
        }
    }
}
