using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Sojourn.Content;
using Sojourn.Primitives;
using Sojourn.Protocol.DropBox;
using Sojourn.Protocol.Ports;

namespace Sojourn.Hosting.DropBox;

/// <summary>What a gateway takes from accounts of the ledger: a job's small objects, and public blocks such as specifications and policies.</summary>
public static class UploadEndpoints
{
    /// <summary>How many bytes of blocks one account may leave at a gateway: 256 MiB.</summary>
    public const long AccountBytesMax = 256 << 20;

    /// <summary>Maps <c>/api/v1/dropbox/{job}/{name}</c> and <c>/api/v1/blocks/{cid}</c>.</summary>
    /// <param name="routes">Where to.</param>
    /// <param name="box">The drop box behind the first.</param>
    /// <param name="blocks">The store behind the second.</param>
    /// <param name="ledger">Says which accounts exist.</param>
    /// <param name="signatures">Checks signatures.</param>
    public static void MapUploads(this IEndpointRouteBuilder routes, IDropBoxStore box, IBlockSink blocks, ILedger ledger, ISignatureScheme signatures)
    {
        var taken = new ConcurrentDictionary<Address, long>();
        var rules = new UploadRules(box, ledger);
        routes.MapGet("/api/v1/dropbox/{job}/{name}", async (string job, string name, CancellationToken cancel) =>
            Digest.TryParse(job, out var id) && await box.GetAsync(id, name, cancel).ConfigureAwait(false) is { } content
                ? Results.Bytes(content.ToArray(), "application/octet-stream")
                : Results.NotFound());
        routes.MapPut("/api/v1/dropbox/{job}/{name}", async (string job, string name, HttpRequest request, CancellationToken cancel) =>
        {
            if (!Digest.TryParse(job, out var id))
            {
                return Results.BadRequest("the job's id is 64 hexadecimal digits");
            }

            var (content, account, refusal) = await ReadAsync(request, DropBoxLimits.ObjectBytesMax, ledger, signatures, cancel).ConfigureAwait(false);
            if (refusal is not null)
            {
                return refusal;
            }

            try
            {
                await rules.PutAsync(id, name, content, account, cancel).ConfigureAwait(false);
                return Results.NoContent();
            }
            catch (DropBoxException e)
            {
                return Results.Text(e.Message, statusCode: e.Fault switch { DropBoxFault.Misnamed => 400, DropBoxFault.Full => 507, DropBoxFault.NotAuthenticated => 403, _ => 413 });
            }
        });
        routes.MapPut("/api/v1/blocks/{cid}", async (string cid, HttpRequest request, CancellationToken cancel) =>
        {
            if (!Cid.TryParse(cid, out var name))
            {
                return Results.BadRequest("the CID cannot be read");
            }

            var (content, account, refusal) = await ReadAsync(request, BlockVerifier.BlockBytesMax, ledger, signatures, cancel).ConfigureAwait(false);
            if (refusal is not null)
            {
                return refusal;
            }

            if (BlockVerifier.Verify(name, content) != BlockFault.None)
            {
                return Results.BadRequest("the bytes are not what the CID names");
            }

            if (taken.AddOrUpdate(account, content.Length, (_, before) => before + content.Length) > AccountBytesMax)
            {
                return Results.Text($"an account may leave {AccountBytesMax} bytes here", statusCode: 507);
            }

            await blocks.PutAsync(new Block(name, content), cancel).ConfigureAwait(false);
            return Results.NoContent();
        });
    }

    private static async Task<(byte[] Content, Address Account, IResult? Refusal)> ReadAsync(
        HttpRequest request, int bytesMax, ILedger ledger, ISignatureScheme signatures, CancellationToken cancel)
    {
        if (request.ContentLength is not { } length || length > bytesMax)
        {
            return ([], default, Results.Text($"a length of at most {bytesMax} bytes is needed", statusCode: 413));
        }

        var content = new byte[length];
        await request.Body.ReadExactlyAsync(content, cancel).ConfigureAwait(false);
        if (!Address.TryParse(request.Headers[SignedUpload.AccountHeader].ToString(), out var account) || !TryHex(request.Headers[SignedUpload.SignatureHeader].ToString(), out var signature)
            || !signatures.Verify(account, SignedUpload.DigestOf(ledger.GenesisDigest, request.Path, content), signature))
        {
            return ([], default, Results.Text("the upload is not signed by an account", statusCode: 401));
        }

        var view = await ledger.AccountAsync(account, cancel).ConfigureAwait(false);
        return view.Free.IsZero && view.Staked.IsZero
            ? ([], default, Results.Text($"{account} owns nothing on this ledger", statusCode: 403))
            : (content, account, null);
    }

    private static bool TryHex(string text, out byte[] bytes)
    {
        bytes = [];
        if (text.Length is 0 or > 1024 || text.Length % 2 != 0 || !text.All(char.IsAsciiHexDigit))
        {
            return false;
        }

        bytes = Convert.FromHexString(text);
        return true;
    }
}
