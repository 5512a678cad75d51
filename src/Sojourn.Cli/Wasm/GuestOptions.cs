using System.CommandLine;
using Sojourn.Cli.Running;
using Sojourn.Wasm.Wasi;

namespace Sojourn.Cli.Wasm;

/// <summary>What a WASI program is handed on the command line. Nothing else of this machine is visible to it.</summary>
internal sealed class GuestOptions
{
    private readonly Option<string[]> directories = new("--dir")
    {
        Description = "Hand in a directory: HOST, HOST::GUEST, and :ro at the end for reading only. May be repeated.",
        HelpName = "HOST[::GUEST][:ro]",
    };

    private readonly Option<string[]> environment = new("--env")
    {
        Description = "Set an environment variable, or pass on one of ours by its name alone. May be repeated.",
        HelpName = "NAME[=VALUE]",
    };

    private readonly Option<string> seed = new("--seed") { Description = "The text that seeds randomness with --deterministic. Default: empty.", DefaultValueFactory = _ => "" };

    public void AddTo(Command command)
    {
        command.Options.Add(directories);
        command.Options.Add(environment);
        command.Options.Add(seed);
    }

    public WasiOptions Create(CommandRun run, string program, IEnumerable<string> arguments, bool deterministic, CancellationToken cancellation)
    {
        var options = deterministic
            ? WasiOptions.Deterministic(System.Text.Encoding.UTF8.GetBytes(run.Get(seed) ?? ""))
            : new WasiOptions { Clock = WasiClock.System, Random = WasiRandom.System };
        options.StandardInput = WasiStream.FromStream(run.In, isTerminal: run.InputIsTerminal);
        options.StandardOutput = WasiStream.FromStream(run.OutBytes, isTerminal: run.OutputIsTerminal);
        options.StandardError = WasiStream.FromStream(new ErrorStream(run.Error));
        options.Cancellation = cancellation;
        options.AddArguments(program);
        foreach (var argument in arguments)
        {
            options.AddArguments(argument);
        }

        foreach (var variable in run.Get(environment) ?? [])
        {
            var equals = variable.IndexOf('=', StringComparison.Ordinal);
            var name = equals < 0 ? variable : variable[..equals];
            if ((equals < 0 ? Environment.GetEnvironmentVariable(name) : variable[(equals + 1)..]) is { } value)
            {
                options.AddEnvironment(name, value);
            }
        }

        foreach (var directory in run.Get(directories) ?? [])
        {
            var (host, guest, readOnly) = Parse(directory);
            options.AddDirectory(guest, HostDirectory.Open(host, readOnly));
        }

        return options;
    }

    /// <summary>Reads <c>HOST[::GUEST][:ro]</c>.</summary>
    internal static (string Host, string Guest, bool ReadOnly) Parse(string text)
    {
        var readOnly = text.EndsWith(":ro", StringComparison.Ordinal);
        var mapping = readOnly ? text[..^3] : text;
        var at = mapping.IndexOf("::", StringComparison.Ordinal);
        var (host, guest) = at < 0 ? (mapping, mapping) : (mapping[..at], mapping[(at + 2)..]);
        return host.Length > 0 && guest.Length > 0
            ? (host, guest, readOnly)
            : throw new CliException(ExitCode.Usage, $"'{text}' is not a directory to hand in", "Write --dir HOST, --dir HOST::GUEST or --dir HOST::GUEST:ro.");
    }

    /// <summary>The guest's standard error as bytes, where ours is text.</summary>
    private sealed class ErrorStream(TextWriter writer) : Stream
    {
        private readonly System.Text.Decoder decoder = System.Text.Encoding.UTF8.GetDecoder();

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            var text = new char[buffer.Length + 2];
            writer.Write(text.AsSpan(0, decoder.GetChars(buffer, text, flush: false)));
        }

        public override void Flush() => writer.Flush();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
