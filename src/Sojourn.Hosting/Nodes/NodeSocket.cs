using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;

namespace Sojourn.Hosting.Nodes;

/// <summary>The local way to a running node: a socket beside its state that only its user can reach. One line asks, one line answers.</summary>
public sealed class NodeSocket : IAsyncDisposable
{
    private const int LineMax = 4 << 20;
    private static readonly TimeSpan AskLimit = TimeSpan.FromSeconds(10);
    private readonly Socket _socket;
    private readonly CancellationTokenSource _stop = new();
    private readonly string _path;
    private readonly Func<string, string> _answer;
    private readonly Task _serving;

    private NodeSocket(string path, Func<string, string> answer)
    {
        _path = path;
        _answer = answer;
        File.Delete(path);
        _socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        _socket.Bind(new UnixDomainSocketEndPoint(path));
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        _socket.Listen(8);
        _serving = ServeAsync();
    }

    /// <summary>Opens the socket.</summary>
    /// <param name="stateFolder">The node's state folder.</param>
    /// <param name="answer">Answers one line by one line.</param>
    public static NodeSocket Open(string stateFolder, Func<string, string> answer) => new(PathOf(stateFolder), answer);

    /// <summary>Asks a running node.</summary>
    /// <param name="stateFolder">Its state folder.</param>
    /// <param name="question">One line.</param>
    /// <param name="cancel">Stops waiting.</param>
    /// <returns>The answer; null where no node runs there.</returns>
    public static async Task<string?> AskAsync(string stateFolder, string question, CancellationToken cancel)
    {
        var path = PathOf(stateFolder);
        if (!File.Exists(path))
        {
            return null;
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(AskLimit);
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), limit.Token).ConfigureAwait(false);
            var stream = new NetworkStream(socket);
            await using (stream.ConfigureAwait(false))
            {
                await stream.WriteAsync(Encoding.UTF8.GetBytes(question + "\n"), limit.Token).ConfigureAwait(false);
                using var reader = new StreamReader(stream);
                return await reader.ReadLineAsync(limit.Token).ConfigureAwait(false);
            }
        }
        catch (SocketException)
        {
            return null; // A socket that a killed process left behind.
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        _socket.Dispose();
        await _serving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        File.Delete(_path);
        _stop.Dispose();
    }

    // A path of a Unix socket has at most 107 bytes; where the state folder's is longer, a name made from it stands in the temporary folder.
    private static string PathOf(string stateFolder)
    {
        var path = Path.Combine(Path.GetFullPath(stateFolder), "node.sock");
        return Encoding.UTF8.GetByteCount(path) <= 100 ? path
            : Path.Combine(Path.GetTempPath(), $"sojourn-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(path)))[..24]}.sock");
    }

    private async Task ServeAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            using var client = await _socket.AcceptAsync(_stop.Token).ConfigureAwait(false);
            try
            {
                using var limit = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
                limit.CancelAfter(AskLimit);
                var stream = new NetworkStream(client);
                await using (stream.ConfigureAwait(false))
                {
                    using var reader = new StreamReader(stream, leaveOpen: true);
                    if (await reader.ReadLineAsync(limit.Token).ConfigureAwait(false) is { Length: < 256 } question)
                    {
                        var answer = _answer(question);
                        await stream.WriteAsync(Encoding.UTF8.GetBytes((answer.Length < LineMax ? answer : "{}") + "\n"), limit.Token).ConfigureAwait(false);
                    }
                }
            }
            catch (Exception e) when (e is IOException or OperationCanceledException or SocketException)
            {
                // Whoever asked has gone.
            }
        }
    }
}
