using Sojourn.Cryptography.HybridEncryption;
using Sojourn.Cryptography.Sealing;
using Sojourn.Cryptography.Secrets;
using Sojourn.Primitives;

namespace Sojourn.Cryptography.Tests.Sealing;

/// <summary>Content sealed for a test, with all that an attacker can see.</summary>
internal sealed record Sealed(SealedHeader Header, byte[] Body)
{
    public static readonly HpkePrivateKey Recipient = HpkePrivateKey.Derive(HpkeKem.P256, new byte[32]);

    public static readonly Cid Policy = Cid.ForDagCbor("policy"u8);

    public static Sealed Make(byte[] plain, int chunkSize = 256, SizePadding padding = SizePadding.None, Action<SealingOptions>? look = null)
    {
        var options = new SealingOptions { Recipients = [Recipient.Public], Policy = Policy, ChunkSize = chunkSize, Padding = padding, Name = "name", MediaType = "text/plain" };
        look?.Invoke(options);
        using var sealer = new ContentSealer(options);
        using var source = new MemoryStream(plain);
        var body = ReadAll(sealer.SealFile(source));
        return new Sealed(sealer.Finish(Cid.ForRaw(body)), body);
    }

    public OpenedContent Open()
    {
        SealedContentException_ThrowIf(SealedHeader.TryDecode(Header.Encode(), out var header));
        SealedContentException_ThrowIf(header!.TryOpenKey(Recipient, out var key));
        using (key)
        {
            SealedContentException_ThrowIf(OpenedContent.TryCreate(header, key!, out var content));
            return content!;
        }
    }

    public byte[] OpenBody(byte[] body)
    {
        using var content = Open();
        using var stream = content.OpenStream(new MemoryStream(body));
        return ReadAll(stream);
    }

    public SealedFault Fault(byte[] body)
    {
        try
        {
            _ = OpenBody(body);
            return SealedFault.None;
        }
        catch (SealedContentException refused)
        {
            return refused.Fault;
        }
    }

    public static byte[] ReadAll(Stream stream)
    {
        using var all = new MemoryStream();
        stream.CopyTo(all);
        return all.ToArray();
    }

    public static byte[] Random(int length, int seed = 1)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    public static SecretKey KeyOf(SealedHeader header)
    {
        SealedContentException_ThrowIf(header.TryOpenKey(Recipient, out var key));
        return key!;
    }

    private static void SealedContentException_ThrowIf(SealedFault fault)
    {
        if (fault != SealedFault.None)
        {
            throw new SealedContentException(fault);
        }
    }
}

/// <summary>A body in memory that counts what is read of it.</summary>
internal sealed class MemoryBody(byte[] body, int chunkSize) : ISealedBody
{
    public int Reads { get; private set; }

    public ValueTask<ReadOnlyMemory<byte>> ReadChunkAsync(long index, int length, CancellationToken cancellationToken)
    {
        Reads++;
        var at = (int)Math.Min(body.Length, index * chunkSize);
        return new(body.AsMemory(at, Math.Min(length, body.Length - at)));
    }
}
