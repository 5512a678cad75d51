using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text;
using Sojourn.Attestation.Tpm;

namespace Sojourn.Attestation.Devices.Tpm;

/// <summary>
/// Stands in for a kernel's IMA where there is none to ask: a development machine with a software TPM. It extends PCR 10 and writes the list exactly as Linux does with the
/// template ima-ng (Linux kernel, security/integrity/ima), beginning with boot_aggregate, so that verifiers read one form. It proves nothing that a kernel did not see; the
/// chain of a software TPM says so.
/// </summary>
public static class SoftwareIma
{
    private const int Register = 10;

    /// <summary>Measures files into a TPM that was just started.</summary>
    /// <param name="endpoint">Where the TPM is.</param>
    /// <param name="files">The files, in the order in which they would run.</param>
    /// <param name="list">Where to write the binary list.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="TpmException">The TPM failed.</exception>
    public static async ValueTask MeasureAsync(TpmEndpoint endpoint, IEnumerable<MeasuredFile> files, string list, CancellationToken cancellation)
    {
        await using var client = new TpmClient(endpoint.Open(), TimeProvider.System) { Timeout = TimeSpan.FromSeconds(60) };
        var boot = await client.ReadPcrsAsync(new PcrSelection(TpmAlg.Sha256, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]), cancellation).ConfigureAwait(false);
        using var written = new MemoryStream();
        foreach (var (path, digest) in files.Select(file => (file.Path, Digest: file.Sha256.ToArray())).Prepend(("boot_aggregate", TpmAlg.Hash(TpmAlg.Sha256, boot))))
        {
            var template = Template(path, digest);
            await client.ExtendPcrAsync(Register, TpmAlg.Sha256, TpmAlg.Hash(TpmAlg.Sha256, template), cancellation).ConfigureAwait(false);
            Write(written, template);
        }

        await File.WriteAllBytesAsync(list, written.ToArray(), cancellation).ConfigureAwait(false);
    }

    /// <summary>Measures one file more, as when something else is run on the machine later.</summary>
    /// <param name="endpoint">Where the TPM is.</param>
    /// <param name="file">The file.</param>
    /// <param name="list">The list to add it to; null leaves it out, which no quote will forgive.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="TpmException">The TPM failed.</exception>
    public static async ValueTask AppendAsync(TpmEndpoint endpoint, MeasuredFile file, string? list, CancellationToken cancellation)
    {
        await using var client = new TpmClient(endpoint.Open(), TimeProvider.System) { Timeout = TimeSpan.FromSeconds(60) };
        var template = Template(file.Path, file.Sha256.ToArray());
        await client.ExtendPcrAsync(Register, TpmAlg.Sha256, TpmAlg.Hash(TpmAlg.Sha256, template), cancellation).ConfigureAwait(false);
        if (list is not null)
        {
            using var written = new MemoryStream();
            Write(written, template);
            await File.AppendAllBytesAsync(list, written.ToArray(), cancellation).ConfigureAwait(false);
        }
    }

    private static byte[] Template(string path, byte[] digest)
    {
        byte[] field = [.. "sha256:\0"u8, .. digest];
        byte[] name = [.. Encoding.UTF8.GetBytes(path), 0];
        return [.. Little(field.Length), .. field, .. Little(name.Length), .. name];
    }

    private static void Write(MemoryStream list, byte[] template)
    {
        list.Write(Little(Register));
        list.Write(TpmAlg.Hash(TpmAlg.Sha1, template));
        list.Write(Little(6));
        list.Write("ima-ng"u8);
        list.Write(Little(template.Length));
        list.Write(template);
    }

    private static byte[] Little(int value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
        return bytes;
    }
}
