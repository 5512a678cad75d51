using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using Sojourn.Primitives;

namespace Sojourn.Content.Ipfs.Kubo;

/// <summary>Talks to a Kubo node by its RPC.</summary>
/// <remarks>Kubo RPC API v0: every call is a POST; arguments repeat the query key <c>arg</c>; uploads are multipart; errors are a JSON object, or a trailer once the answer has begun.</remarks>
public sealed class KuboClient : IDisposable
{
    private const int LineBytesMax = 1 << 20;
    private readonly Uri node;
    private readonly HttpClient http;

    /// <summary>Makes a client.</summary>
    /// <param name="node">The RPC address such as <c>http://127.0.0.1:5001</c>, with or without <c>/api/v0</c>.</param>
    /// <param name="authorization">The value of the Authorization header that the node asks for, or null.</param>
    public KuboClient(Uri node, string? authorization = null)
    {
        var text = node.AbsoluteUri.TrimEnd('/');
        this.node = new Uri(text.EndsWith("/api/v0", StringComparison.Ordinal) ? text + "/" : text + "/api/v0/");
        http = new HttpClient(new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false, ConnectTimeout = TimeSpan.FromSeconds(10) })
        {
            // Long transfers are bounded by the caller's token.
            Timeout = System.Threading.Timeout.InfiniteTimeSpan,
        };
        if (authorization is not null)
        {
            http.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", authorization);
        }
    }

    /// <summary>The node's identity and addresses.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<KuboIdentity> IdAsync(CancellationToken cancellationToken = default)
    {
        using var json = await DocumentAsync("id", "", cancellationToken).ConfigureAwait(false);
        var root = json.RootElement;
        return new KuboIdentity(
            Text(root, "ID", "id"),
            Text(root, "AgentVersion", "id"),
            root.TryGetProperty("Addresses", out var addresses) && addresses.ValueKind == JsonValueKind.Array ? [.. addresses.EnumerateArray().Select(a => a.GetString()!)] : []);
    }

    /// <summary>The node's version.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<string> VersionAsync(CancellationToken cancellationToken = default)
    {
        using var json = await DocumentAsync("version", "", cancellationToken).ConfigureAwait(false);
        return Text(json.RootElement, "Version", "version");
    }

    /// <summary>Adds files and folders as UnixFS, in one request.</summary>
    /// <param name="files">What to add; a folder before what is in it.</param>
    /// <param name="options">Query options of <c>add</c>, such as <c>cid-version=1</c>.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>What the node says it stored, in its order: the last is the root.</returns>
    public async Task<IReadOnlyList<KuboAdded>> AddAsync(IEnumerable<KuboFile> files, string options, CancellationToken cancellationToken = default)
    {
        using var content = new MultipartFormDataContent();
        foreach (var file in files)
        {
            HttpContent part = file.Content is null ? new ByteArrayContent([]) : new StreamContent(file.Content);
            part.Headers.ContentType = new MediaTypeHeaderValue(file.Content is null ? "application/x-directory" : "application/octet-stream");

            // Kubo percent-decodes the file name; a bare quote or line break would end the header.
            part.Headers.TryAddWithoutValidation("Content-Disposition", $"form-data; name=\"file\"; filename=\"{Uri.EscapeDataString(file.Path)}\"");
            content.Add(part);
        }

        var added = new List<KuboAdded>();
        await foreach (var json in LinesAsync("add", options, content, cancellationToken).ConfigureAwait(false))
        {
            // Progress lines carry Bytes and no Hash.
            if (json.TryGetProperty("Hash", out var hash) && Cid.TryParse(hash.GetString(), out var cid))
            {
                added.Add(new KuboAdded(json.TryGetProperty("Name", out var name) ? name.GetString() ?? "" : "", cid, Number(json, "Size")));
            }
        }

        return added;
    }

    /// <summary>Reads a UnixFS file. The bytes are the node's word: nothing here verifies them.</summary>
    /// <param name="path">A CID, or a path below one.</param>
    /// <param name="offset">Where to begin.</param>
    /// <param name="length">How many bytes; null for all.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<Stream> CatAsync(string path, long offset = 0, long? length = null, CancellationToken cancellationToken = default)
    {
        var query = $"arg={Uri.EscapeDataString(path)}{(offset > 0 ? $"&offset={offset}" : "")}{(length is not null ? $"&length={length}" : "")}";
        var response = await SendAsync("cat", query, null, cancellationToken).ConfigureAwait(false);
        return new TrailerCheckingStream(this, "cat", response, await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false));
    }

    /// <summary>Reads a block and verifies it.</summary>
    /// <param name="cid">Its identifier.</param>
    /// <param name="offline">Whether the node looks only into its own store. Otherwise it may search the network for as long as the token lets it.</param>
    /// <param name="absentAfter">How long the node may look before the block counts as absent; null to wait for its own answer.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Null where the node does not have it.</returns>
    public async Task<Block?> BlockGetAsync(Cid cid, bool offline = true, TimeSpan? absentAfter = null, CancellationToken cancellationToken = default)
    {
        try
        {
            var limit = absentAfter is { } time ? string.Create(System.Globalization.CultureInfo.InvariantCulture, $"&timeout={(long)time.TotalMilliseconds}ms") : "";
            using var response = await SendAsync("block/get", $"arg={cid}&offline={(offline ? "true" : "false")}{limit}", null, cancellationToken).ConfigureAwait(false);
            using var body = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
            var buffer = new byte[BlockVerifier.BlockBytesMax + 1];
            var read = await body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
            ThrowTrailer("block/get", response);
            var bytes = buffer.AsSpan(0, read).ToArray();
            return BlockVerifier.Verify(cid, bytes) is var fault and not BlockFault.None
                ? throw new KuboException(node, "block/get", $"sent bytes that are not {cid}: {fault}")
                : new Block(cid, bytes);
        }
        catch (KuboException e) when (e.Code is not null && e.Detail.Contains("not found", StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }
        catch (KuboException e) when (e.Code is not null && e.Detail.Contains("could not find", StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }
        catch (KuboException e) when (absentAfter is not null && e.Code is not null && e.Detail.Contains("timed out", StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }
    }

    /// <summary>Stores a block and checks that the node names it as we do.</summary>
    /// <param name="block">The block.</param>
    /// <param name="pin">Whether the node pins it.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task BlockPutAsync(Block block, bool pin = false, CancellationToken cancellationToken = default)
    {
        var hash = Multihash.NameOf(block.Cid.HashFunction);
        var codec = block.Cid.Codec switch
        {
            Multicodec.Raw => "raw",
            Multicodec.DagPb => "dag-pb",
            Multicodec.DagCbor => "dag-cbor",
            Multicodec.DagJson => "dag-json",
            Multicodec.Cbor => "cbor",
            Multicodec.Json => "json",
            var other => throw new KuboException(node, "block/put", $"codec 0x{(ulong)other:x} has no name that Kubo knows"),
        };

        // format and version are what older nodes read; cid-codec is what newer ones do.
        var form = block.Cid.Version == 0 ? "format=v0&version=0" : $"cid-codec={codec}&format={codec}&version=1";
        using var content = Multipart(new ByteArrayContent(block.Data.ToArray()), "block");
        using var response = await SendAsync("block/put", $"{form}&mhtype={hash}&pin={(pin ? "true" : "false")}", content, cancellationToken).ConfigureAwait(false);
        using var json = await ParseAsync("block/put", response, cancellationToken).ConfigureAwait(false);
        var key = Text(json.RootElement, "Key", "block/put");
        if (!Cid.TryParse(key, out var stored) || stored.Multihash != block.Cid.Multihash)
        {
            throw new KuboException(node, "block/put", $"named the block {key}; expected {block.Cid}");
        }
    }

    /// <summary>A block's size; null where the node does not have it.</summary>
    /// <param name="cid">Its identifier.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<long?> BlockStatAsync(Cid cid, CancellationToken cancellationToken = default)
    {
        try
        {
            using var json = await DocumentAsync("block/stat", $"arg={cid}&offline=true", cancellationToken).ConfigureAwait(false);
            return Number(json.RootElement, "Size");
        }
        catch (KuboException e) when (e.Code is not null && (e.Detail.Contains("not found", StringComparison.OrdinalIgnoreCase) || e.Detail.Contains("could not find", StringComparison.OrdinalIgnoreCase)))
        {
            return null;
        }
    }

    /// <summary>Imports a CAR.</summary>
    /// <param name="car">The CAR's bytes.</param>
    /// <param name="pinRoots">Whether its roots are pinned.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The roots.</returns>
    public async Task<IReadOnlyList<Cid>> DagImportAsync(Stream car, bool pinRoots = true, CancellationToken cancellationToken = default)
    {
        using var content = Multipart(new StreamContent(car), "dag.car");
        var roots = new List<Cid>();
        await foreach (var json in LinesAsync("dag/import", $"pin-roots={(pinRoots ? "true" : "false")}", content, cancellationToken).ConfigureAwait(false))
        {
            if (!json.TryGetProperty("Root", out var root) || root.ValueKind != JsonValueKind.Object)
            {
                continue;
            }

            if (root.TryGetProperty("PinErrorMsg", out var error) && error.GetString() is { Length: > 0 } message)
            {
                throw new KuboException(node, "dag/import", $"imported, but cannot pin the root: {message}", 0);
            }

            if (root.TryGetProperty("Cid", out var link) && Cid.TryParse(link.ValueKind == JsonValueKind.Object ? link.GetProperty("/").GetString() : link.GetString(), out var cid))
            {
                roots.Add(cid);
            }
        }

        return roots;
    }

    /// <summary>Exports a DAG as CARv1. The reader verifies it; a stream that breaks off ends in a <see cref="KuboException"/> where the node says so.</summary>
    /// <param name="root">The root.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<Stream> DagExportAsync(Cid root, CancellationToken cancellationToken = default)
    {
        var response = await SendAsync("dag/export", $"arg={root}&progress=false", null, cancellationToken).ConfigureAwait(false);
        return new TrailerCheckingStream(this, "dag/export", response, await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false));
    }

    /// <summary>Pins a DAG recursively.</summary>
    /// <param name="cid">Its root.</param>
    /// <param name="name">The pin's name, or null; older nodes ignore it.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task PinAddAsync(Cid cid, string? name = null, CancellationToken cancellationToken = default)
    {
        using var json = await DocumentAsync("pin/add", $"arg={cid}&recursive=true{(name is null ? "" : $"&name={Uri.EscapeDataString(name)}")}", cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Removes a recursive pin.</summary>
    /// <param name="cid">Its root.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task PinRemoveAsync(Cid cid, CancellationToken cancellationToken = default)
    {
        using var json = await DocumentAsync("pin/rm", $"arg={cid}&recursive=true", cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Lists the recursive pins.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<IReadOnlyList<Cid>> PinListAsync(CancellationToken cancellationToken = default)
    {
        var pins = new List<Cid>();
        await foreach (var json in LinesAsync("pin/ls", "type=recursive&stream=true", null, cancellationToken).ConfigureAwait(false))
        {
            // Streamed: one object per pin. Not streamed (older nodes): one object with all of them under Keys.
            if (json.TryGetProperty("Cid", out var one) && Cid.TryParse(one.GetString(), out var cid))
            {
                pins.Add(cid);
            }
            else if (json.TryGetProperty("Keys", out var keys) && keys.ValueKind == JsonValueKind.Object)
            {
                pins.AddRange(keys.EnumerateObject().Select(key => Cid.TryParse(key.Name, out var each) ? each : null).OfType<Cid>());
            }
        }

        return pins;
    }

    /// <inheritdoc/>
    public void Dispose() => http.Dispose();

    private static MultipartFormDataContent Multipart(HttpContent part, string name)
    {
        part.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        part.Headers.TryAddWithoutValidation("Content-Disposition", $"form-data; name=\"file\"; filename=\"{name}\"");
        return new MultipartFormDataContent { part };
    }

    private static long Number(JsonElement json, string name) => json.TryGetProperty(name, out var value)
        ? value.ValueKind == JsonValueKind.Number ? value.GetInt64() : long.TryParse(value.GetString(), out var number) ? number : 0
        : 0;

    private string Text(JsonElement json, string name, string command)
        => json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()!
            : throw new KuboException(node, command, $"its answer has no {name}");

    private async Task<JsonDocument> DocumentAsync(string command, string query, CancellationToken cancellationToken)
    {
        using var response = await SendAsync(command, query, null, cancellationToken).ConfigureAwait(false);
        return await ParseAsync(command, response, cancellationToken).ConfigureAwait(false);
    }

    private async Task<JsonDocument> ParseAsync(string command, HttpResponseMessage response, CancellationToken cancellationToken)
    {
        try
        {
            using var body = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
            return await JsonDocument.ParseAsync(body, default, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is JsonException or HttpRequestException or IOException)
        {
            throw new KuboException(node, command, $"its answer cannot be read: {e.Message}", null, e);
        }
    }

    private async IAsyncEnumerable<JsonElement> LinesAsync(string command, string query, HttpContent? content, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var response = await SendAsync(command, query, content, cancellationToken).ConfigureAwait(false);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false), Encoding.UTF8);
        while (await LineAsync(command, reader, cancellationToken).ConfigureAwait(false) is { } line)
        {
            if (line.Length == 0)
            {
                continue;
            }

            yield return Parse(command, line);
        }

        ThrowTrailer(command, response);
    }

    private JsonElement Parse(string command, string line)
    {
        try
        {
            using var json = JsonDocument.Parse(line);
            var root = json.RootElement.Clone();

            // An error after the answer began comes as a line of its own from some nodes.
            return root.ValueKind == JsonValueKind.Object && root.TryGetProperty("Type", out var type) && type.ValueEquals("error")
                ? throw new KuboException(node, command, Text(root, "Message", command), (int)Number(root, "Code"))
                : root;
        }
        catch (JsonException e)
        {
            throw new KuboException(node, command, $"its answer is not JSON: {e.Message}", null, e);
        }
    }

    private async Task<string?> LineAsync(string command, StreamReader reader, CancellationToken cancellationToken)
    {
        try
        {
            var line = await reader.ReadLineAsync(cancellationToken).ConfigureAwait(false);
            return line is { Length: > LineBytesMax } ? throw new KuboException(node, command, $"sent a line of more than {LineBytesMax} bytes") : line;
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            throw new KuboException(node, command, $"the answer broke off: {e.Message}", null, e);
        }
    }

    private void ThrowTrailer(string command, HttpResponseMessage response)
    {
        if (response.TrailingHeaders.TryGetValues("X-Stream-Error", out var errors))
        {
            throw new KuboException(node, command, string.Join("; ", errors), 0);
        }
    }

    private async Task<HttpResponseMessage> SendAsync(string command, string query, HttpContent? content, CancellationToken cancellationToken)
    {
        HttpResponseMessage response;
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(node, $"{command}{(query.Length > 0 ? "?" + query : "")}")) { Content = content };
            response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or SocketException)
        {
            throw new KuboException(node, command, $"cannot be reached: {e.InnerException?.Message ?? e.Message}", null, e);
        }

        if (response.StatusCode == HttpStatusCode.OK)
        {
            return response;
        }

        using (response)
        {
            throw await RefusedAsync(command, response, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<KuboException> RefusedAsync(string command, HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var buffer = new byte[64 << 10];
        using var body = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        var read = await body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
        var text = Encoding.UTF8.GetString(buffer, 0, read);
        try
        {
            using var json = JsonDocument.Parse(text);
            return new KuboException(node, command, Text(json.RootElement, "Message", command), (int)Number(json.RootElement, "Code"));
        }
        catch (JsonException)
        {
            // A proxy, a command the node does not know, or no Kubo at all: nothing that a program could act on.
            var status = (int)response.StatusCode;
            return status == 403
                ? new KuboException(node, command, "refused (403): the RPC does not allow this client; see API.Authorizations and API.HTTPHeaders", status)
                : new KuboException(node, command, $"answered {status} ({response.Content.Headers.ContentType?.MediaType ?? "no content type"}) where Kubo answers JSON: is this the address of a Kubo node's RPC?");
        }
    }

    /// <summary>Throws at the end of the stream where the node said in a trailer that it broke off.</summary>
    private sealed class TrailerCheckingStream(KuboClient owner, string command, HttpResponseMessage response, Stream inner) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count) => Check(inner.Read(buffer, offset, count), count);

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            try
            {
                return Check(await inner.ReadAsync(buffer, cancellationToken).ConfigureAwait(false), buffer.Length);
            }
            catch (Exception e) when (e is HttpRequestException or IOException)
            {
                throw new KuboException(owner.node, command, $"the answer broke off: {e.Message}", null, e);
            }
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                inner.Dispose();
                response.Dispose();
            }

            base.Dispose(disposing);
        }

        private int Check(int read, int wanted)
        {
            if (read == 0 && wanted > 0)
            {
                owner.ThrowTrailer(command, response);
            }

            return read;
        }
    }
}

/// <summary>Who a node is.</summary>
/// <param name="Id">Its peer identity.</param>
/// <param name="Agent">Its software.</param>
/// <param name="Addresses">Its multiaddresses.</param>
public sealed record KuboIdentity(string Id, string Agent, IReadOnlyList<string> Addresses);

/// <summary>A file or folder to add.</summary>
/// <param name="Path">Its path, with forward slashes.</param>
/// <param name="Content">Its bytes; null for a folder.</param>
public sealed record KuboFile(string Path, Stream? Content);

/// <summary>What a node says it stored.</summary>
/// <param name="Name">The path.</param>
/// <param name="Cid">Its identifier.</param>
/// <param name="Size">Its size, with the graph's overhead.</param>
public sealed record KuboAdded(string Name, Cid Cid, long Size);
