using System.Security.Cryptography;
using Sojourn.Cryptography.Secrets;
using Sojourn.Primitives.Cbor;

namespace Sojourn.Cryptography.Sealing;

/// <summary>What the content is.</summary>
public enum SealedKind
{
    /// <summary>One stream of bytes.</summary>
    File,

    /// <summary>Files one after another and a manifest that names them.</summary>
    Directory,
}

/// <summary>What only holders of the key learn beside the content.</summary>
/// <param name="Kind">File or directory.</param>
/// <param name="Length">True length in bytes, without padding.</param>
/// <param name="Manifest">Where a directory's manifest begins; it ends with the content. Null for files.</param>
/// <param name="Name">A name for people.</param>
/// <param name="MediaType">A media type.</param>
public sealed record SealedMetadata(SealedKind Kind, long Length, long? Manifest, string? Name, string? MediaType)
{
    /// <summary>Metadata are padded to a multiple of this, so that kind and name cannot be guessed from their length.</summary>
    private const int Granule = 640;

    private const int TextMax = 255;

    internal byte[] Seal(SecretKey contentKey, ReadOnlySpan<byte> salt)
    {
        var writer = new CborWriter(CborProfile.DagCbor);
        writer.BeginMap();
        writer.WriteKey("kind").WriteText(Kind == SealedKind.Directory ? "directory" : "file");
        writer.WriteKey("length").WriteInteger(Length);
        if (Manifest is { } manifest)
        {
            writer.WriteKey("manifest").WriteInteger(manifest);
        }

        if (Name is not null)
        {
            writer.WriteKey("name").WriteText(Bounded(Name));
        }

        if (MediaType is not null)
        {
            writer.WriteKey("media").WriteText(Bounded(MediaType));
        }

        writer.EndMap();

        var plain = new byte[(writer.Length + Granule - 1) / Granule * Granule];
        writer.WrittenSpan.CopyTo(plain);
        writer.Reset();
        var output = new byte[plain.Length + SealedLayout.TagSize];
        using var aes = Cipher(contentKey, salt);

        // One message per key: the key depends on content key and salt, and a rewrap copies these bytes as they are.
        aes.Encrypt(stackalloc byte[12], plain, output.AsSpan(0, plain.Length), output.AsSpan(plain.Length));
        CryptographicOperations.ZeroMemory(plain);
        return output;
    }

    internal static SealedFault TryOpen(ReadOnlySpan<byte> sealedBytes, SecretKey contentKey, ReadOnlySpan<byte> salt, out SealedMetadata? metadata)
    {
        metadata = null;
        if (sealedBytes.Length < SealedLayout.TagSize)
        {
            return SealedFault.MetadataInvalid;
        }

        var plain = GC.AllocateUninitializedArray<byte>(sealedBytes.Length - SealedLayout.TagSize, pinned: true);
        try
        {
            using var aes = Cipher(contentKey, salt);
            aes.Decrypt(stackalloc byte[12], sealedBytes[..plain.Length], sealedBytes[plain.Length..], plain);
            return Decode(plain, out metadata);
        }
        catch (AuthenticationTagMismatchException)
        {
            return SealedFault.MetadataInvalid;
        }
        catch (CborException)
        {
            return SealedFault.MetadataInvalid;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(plain);
        }
    }

    private static SealedFault Decode(ReadOnlySpan<byte> plain, out SealedMetadata? metadata)
    {
        metadata = null;
        var reader = new CborReader(plain, CborProfile.DagCbor, 4);
        var count = reader.ReadMapHeader(5);
        string? kind = null, name = null, media = null;
        long? length = null, manifest = null;
        for (var i = 0; i < count; i++)
        {
            switch (reader.ReadText(16))
            {
                case "kind":
                    kind = reader.ReadText(16);
                    break;
                case "length":
                    length = reader.ReadInt64();
                    break;
                case "manifest":
                    manifest = reader.ReadInt64();
                    break;
                case "name":
                    name = reader.ReadText(TextMax);
                    break;
                case "media":
                    media = reader.ReadText(TextMax);
                    break;
                default:
                    return SealedFault.MetadataInvalid;
            }
        }

        var isDirectory = kind == "directory";
        if (plain[reader.Position..].ContainsAnyExcept((byte)0)
            || kind is not ("file" or "directory")
            || length is not (>= 0 and <= SealedLayout.SizeMax)
            || isDirectory != manifest is not null
            || manifest is < 0
            || manifest > length)
        {
            return SealedFault.MetadataInvalid;
        }

        metadata = new SealedMetadata(isDirectory ? SealedKind.Directory : SealedKind.File, length.Value, manifest, name, media);
        return SealedFault.None;
    }

    private static AesGcm Cipher(SecretKey contentKey, ReadOnlySpan<byte> salt)
    {
        using var key = SealedKeySchedule.Metadata(contentKey, salt);
        using var lease = key.Lend();
        return new AesGcm(lease.Span, SealedLayout.TagSize);
    }

    private static string Bounded(string text) => System.Text.Encoding.UTF8.GetByteCount(text) <= TextMax
        ? text
        : throw new ArgumentException($"Names and media types are at most {TextMax} bytes.", nameof(text));
}
