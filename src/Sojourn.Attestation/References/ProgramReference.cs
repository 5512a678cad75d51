using System.Buffers;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Sojourn.Attestation.References;

/// <summary>What a published program's files are: their digests as an IMA list shows them, and one digest over all. The same files give the same reference on every machine.</summary>
/// <param name="Name">The program's name.</param>
/// <param name="Files">Path below the program's folder, and SHA-256 in lower-case hexadecimal, in the order of the paths' bytes.</param>
/// <param name="Digest">SHA-256 over all paths and digests, in lower-case hexadecimal.</param>
public sealed record ProgramReference(string Name, ImmutableArray<(string Path, string Sha256)> Files, string Digest)
{
    /// <summary>Computes a reference.</summary>
    /// <param name="name">The program's name.</param>
    /// <param name="files">Paths with forward slashes, and contents.</param>
    public static ProgramReference Of(string name, IEnumerable<(string Path, ReadOnlyMemory<byte> Content)> files)
    {
        var all = files.Select(file => (file.Path, Sha256: Convert.ToHexStringLower(SHA256.HashData(file.Content.Span)))).OrderBy(file => file.Path, StringComparer.Ordinal).ToImmutableArray();
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData("sojourn/program-reference/v1\0"u8);
        foreach (var (path, sha256) in all)
        {
            // Neither a path nor a digest holds these separators.
            hash.AppendData(Encoding.UTF8.GetBytes($"{path}\0{sha256}\n"));
        }

        return new ProgramReference(name, all, Convert.ToHexStringLower(hash.GetHashAndReset()));
    }

    /// <summary>The file digests, for <see cref="AppraisalPolicy.KnownFiles"/>.</summary>
    public ImmutableHashSet<string> KnownFiles => Files.Select(file => file.Sha256).ToImmutableHashSet(StringComparer.Ordinal);

    /// <summary>As JSON.</summary>
    public byte[] ToJson()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteString("name", Name);
            json.WriteString("sha256", Digest);
            json.WriteStartObject("files");
            foreach (var (path, sha256) in Files)
            {
                json.WriteString(path, sha256);
            }

            json.WriteEndObject();
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }
}
