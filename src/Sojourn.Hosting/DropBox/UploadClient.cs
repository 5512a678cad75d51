using System.Net;
using Sojourn.Content;
using Sojourn.Primitives;
using Sojourn.Protocol.DropBox;
using Sojourn.Protocol.Ports;

namespace Sojourn.Hosting.DropBox;

/// <summary>A party's way to a gateway that takes uploads: its drop box and its block intake.</summary>
/// <param name="gateway">The gateway.</param>
/// <param name="genesis">The ledger.</param>
/// <param name="signer">The party's account.</param>
public sealed class UploadClient(Uri gateway, Digest genesis, ISigner signer) : IDropBox, IBlockSink, IDisposable
{
    private readonly HttpClient _http = new() { BaseAddress = gateway, Timeout = TimeSpan.FromSeconds(30) };

    /// <inheritdoc/>
    public async ValueTask PutAsync(Digest job, string name, ReadOnlyMemory<byte> content, CancellationToken cancel) =>
        await SendAsync($"/api/v1/dropbox/{job}/{name}", content, cancel).ConfigureAwait(false);

    /// <inheritdoc/>
    public async ValueTask<ReadOnlyMemory<byte>?> GetAsync(Digest job, string name, CancellationToken cancel)
    {
        using var answer = await _http.GetAsync(new Uri($"/api/v1/dropbox/{job}/{name}", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, cancel).ConfigureAwait(false);
        if (answer.StatusCode == HttpStatusCode.NotFound)
        {
            return null;
        }

        if (!answer.IsSuccessStatusCode || answer.Content.Headers.ContentLength is null or > DropBoxLimits.ObjectBytesMax)
        {
            throw new DropBoxException(DropBoxFault.Unreachable, $"{gateway} answered {(int)answer.StatusCode}");
        }

        var content = await answer.Content.ReadAsByteArrayAsync(cancel).ConfigureAwait(false);
        return DropNames.Fits(name, content) ? content : throw new DropBoxException(DropBoxFault.Misnamed, $"{gateway} gave other bytes than '{name}' names");
    }

    /// <inheritdoc/>
    public async ValueTask PutAsync(Block block, CancellationToken cancellationToken = default) =>
        await SendAsync($"/api/v1/blocks/{block.Cid}", block.Data, cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private async Task SendAsync(string place, ReadOnlyMemory<byte> content, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, place) { Content = new ReadOnlyMemoryContent(content) };
        SignedUpload.Sign(request, genesis, place, content.Span, signer);
        using var answer = await _http.SendAsync(request, cancel).ConfigureAwait(false);
        if (!answer.IsSuccessStatusCode)
        {
            var words = await answer.Content.ReadAsStringAsync(cancel).ConfigureAwait(false);
            throw new DropBoxException(
                answer.StatusCode switch
                {
                    HttpStatusCode.BadRequest => DropBoxFault.Misnamed,
                    HttpStatusCode.RequestEntityTooLarge => DropBoxFault.TooLarge,
                    HttpStatusCode.InsufficientStorage => DropBoxFault.Full,
                    HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => DropBoxFault.NotAuthenticated,
                    _ => DropBoxFault.Unreachable,
                },
                words.Length > 0 ? words[..Math.Min(200, words.Length)] : $"{gateway} answered {(int)answer.StatusCode}");
        }
    }
}
