using System.CommandLine;

namespace Sojourn.Cli.Running;

/// <summary>The streams a command talks to; tests hand in their own.</summary>
internal sealed class CliInvocation : InvocationConfiguration
{
    /// <summary>Standard input, as bytes.</summary>
    public Stream Input { get; init; } = Stream.Null;

    /// <summary>Standard output, as bytes; flushed text before it is used.</summary>
    public Stream OutputBytes { get; init; } = Stream.Null;

    /// <summary>Whether standard error is a terminal: progress is drawn only there.</summary>
    public bool ErrorIsTerminal { get; init; }

    /// <summary>Whether standard output is a terminal.</summary>
    public bool OutputIsTerminal { get; init; }

    /// <summary>Whether standard input is a terminal.</summary>
    public bool InputIsTerminal { get; init; }

    /// <summary>The terminal's width in columns.</summary>
    public int Width { get; init; } = 80;

    /// <summary>The process's own streams.</summary>
    public static CliInvocation FromProcess()
    {
        // A terminal that knows no cursor would show a progress line as rubbish.
        var terminal = !Console.IsErrorRedirected && Environment.GetEnvironmentVariable("TERM") is not ("dumb" or "");
        return new CliInvocation
        {
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = null,
            Output = Console.Out,
            Error = Console.Error,
            Input = new LazyStandardInput(),
            OutputBytes = Console.OpenStandardOutput(),
            ErrorIsTerminal = terminal,
            OutputIsTerminal = !Console.IsOutputRedirected,
            InputIsTerminal = !Console.IsInputRedirected,
            Width = terminal && Console.WindowWidth > 0 ? Console.WindowWidth : 80,
        };
    }

    // Opened when first read: opening it may change terminal settings.
    private sealed class LazyStandardInput : Stream
    {
        private Stream? inner;

        private Stream Inner => inner ??= Console.OpenStandardInput();

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count) => Inner.Read(buffer, offset, count);

        public override int Read(Span<byte> buffer) => Inner.Read(buffer);

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => Inner.ReadAsync(buffer, cancellationToken);

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
