using System.Buffers.Binary;
using System.Text;
using Sojourn.Attestation.Tpm;

namespace Sojourn.Attestation.Tests.Tpm;

/// <summary>Secure boot is believed from what PCR 7 vouches for, and from nothing else that a log may hold.</summary>
public sealed class SecureBootTests
{
    private static readonly Guid GlobalVariable = new("8BE4DF61-93CA-11D2-AA0D-00E098032B8C");

    [Fact]
    public void TheMeasuredVariableIsBelieved()
    {
        Assert.True(Parse(Event(7, 1)).SecureBoot([TpmAlg.Sha256]));
        Assert.False(Parse(Event(7, 0)).SecureBoot([TpmAlg.Sha256]));
    }

    [Fact]
    public void WhatNobodyMeasuredIsNot()
    {
        // An event of a register that anybody can reset, before the true one.
        Assert.False(Parse(Event(16, 1), Event(7, 0)).SecureBoot([TpmAlg.Sha256]));
        // An event without a digest extends nothing.
        Assert.Null(Parse(Event(7, 1, digests: 0)).SecureBoot([TpmAlg.Sha256]));
        // A digest of a bank that is not quoted.
        Assert.Null(Parse(Event(7, 1)).SecureBoot([TpmAlg.Sha384]));
        // Data that is not what was measured.
        Assert.Null(Parse(Event(7, 1, damage: true)).SecureBoot([TpmAlg.Sha256]));
        // A variable of that name in another name space.
        Assert.Null(Parse(Event(7, 1, space: Guid.Empty)).SecureBoot([TpmAlg.Sha256]));
    }

    [Fact]
    public void ASelectionOfFourBytesHasAPolicy() =>
        Assert.Equal([0, 0, 0, 1, 0, 0x0B, 4, 0, 0, 0, 0x80], TpmPolicy.Encode([new PcrSelection(TpmAlg.Sha256, [31])]));

    private static EventLog Parse(params byte[][] events)
    {
        byte[] spec = [.. Encoding.ASCII.GetBytes("Spec ID Event03\0"), 0, 0, 0, 0, 0, 2, 0, 2, .. U32(1), .. U16(TpmAlg.Sha256), .. U16(32), 0];
        byte[] header = [.. U32(0), .. U32(3), .. new byte[20], .. U32((uint)spec.Length), .. spec];
        return EventLog.TryParse((byte[])[.. header, .. events.SelectMany(one => one)])!;
    }

    private static byte[] Event(uint register, byte on, uint digests = 1, bool damage = false, Guid? space = null)
    {
        var name = Encoding.Unicode.GetBytes("SecureBoot");
        byte[] data = [.. (space ?? GlobalVariable).ToByteArray(), .. U64(10), .. U64(1), .. name, on];
        var digest = TpmAlg.Hash(TpmAlg.Sha256, data);
        if (damage)
        {
            digest[0] ^= 1;
        }

        return [.. U32(register), .. U32(0x80000001), .. U32(digests), .. digests == 0 ? [] : (byte[])[.. U16(TpmAlg.Sha256), .. digest], .. U32((uint)data.Length), .. data];
    }

    private static byte[] U16(ushort value)
    {
        var bytes = new byte[2];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, value);
        return bytes;
    }

    private static byte[] U32(uint value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        return bytes;
    }

    private static byte[] U64(ulong value)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        return bytes;
    }
}
