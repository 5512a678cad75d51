namespace Sojourn.Content.Ipfs.Gateway;

internal sealed partial class GatewayAnswer
{
    private async Task<PathEnd> ResolveAsync()
    {
        var cid = request.Path.Root;
        var block = await source.GetAsync(cid, Stop).ConfigureAwait(false) ?? throw new ContentException(ContentFault.MissingBlock, $"Block {cid} is not held.", cid);
        return new PathEnd(cid, block, [cid]);
    }

    private Task WriteCarAsync() => throw new NotSupportedException(options.PathGateway + target.Path);

    private Task WriteContentAsync() => throw new NotSupportedException();
}
