using System.CommandLine;
using Sojourn.Cli.Output;

namespace Sojourn.Cli.Running;

/// <summary>One run of one command: its arguments, its streams and its cancellation.</summary>
/// <param name="parse">The parsed command line.</param>
/// <param name="invocation">The streams.</param>
/// <param name="cancellation">Cancelled by Ctrl+C and by SIGTERM.</param>
internal sealed class CommandRun(ParseResult parse, CliInvocation invocation, CancellationToken cancellation)
{
    /// <summary>Cancelled by Ctrl+C and by SIGTERM.</summary>
    public CancellationToken Cancellation { get; } = cancellation;

    /// <summary>Standard output for text: data only.</summary>
    public TextWriter Out { get; } = invocation.Output;

    /// <summary>Standard error: progress, notes, warnings.</summary>
    public TextWriter Error { get; } = invocation.Error;

    /// <summary>Standard output for bytes.</summary>
    public Stream OutBytes { get; } = invocation.OutputBytes;

    /// <summary>Standard input for bytes.</summary>
    public Stream In { get; } = invocation.Input;

    /// <summary>Whether standard input is a terminal: a command that would wait for typed bytes should say so.</summary>
    public bool InputIsTerminal { get; } = invocation.InputIsTerminal;

    /// <summary>Whether standard output is a terminal: binary data does not belong there.</summary>
    public bool OutputIsTerminal { get; } = invocation.OutputIsTerminal;

    /// <summary>The format asked for by <c>--output</c>.</summary>
    public OutputFormat Format { get; } = OutputOption.Of(parse);

    /// <summary>Prints the result in that format.</summary>
    public ResultWriter Results => new(Out, Format);

    /// <summary>The value of an option.</summary>
    public T? Get<T>(Option<T> option) => parse.GetValue(option);

    /// <summary>The value of an argument.</summary>
    public T? Get<T>(Argument<T> argument) => parse.GetValue(argument);

    /// <summary>Whether the option was typed rather than left to its default.</summary>
    public bool Has(Option option) => parse.GetResult(option) is { Implicit: false };

    /// <summary>Waits until the command is asked to end, which is how a server ends well.</summary>
    public async Task UntilStoppedAsync()
    {
        try
        {
            await Task.Delay(Timeout.Infinite, Cancellation).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The usual end of a server.
        }
    }

    /// <summary>Prints a remark on standard error, such as the next command to type.</summary>
    public void Note(string text) => Error.WriteLine(text);

    /// <summary>Prints a warning on standard error.</summary>
    public void Warn(string text) => Error.WriteLine($"sojourn: warning: {TerminalText.Safe(text)}");

    /// <summary>Starts a progress line; dispose it before printing anything else.</summary>
    /// <param name="verb">What is being done: <c>adding</c>.</param>
    /// <param name="total">The bytes to do, or 0 where unknown.</param>
    public ProgressLine Progress(string verb, long total = 0)
        => new(invocation.ErrorIsTerminal ? Error : null, verb, total, invocation.Width);
}

/// <summary>Attaches code to a command.</summary>
internal static class CommandRunExtensions
{
    /// <summary>Sets what the command does. Exceptions become one message and an exit code (<see cref="ErrorRules"/>); a cancelled run ends with 130.</summary>
    /// <param name="command">The command.</param>
    /// <param name="run">Its work; returns an <see cref="ExitCode"/>.</param>
    public static void SetRun(this Command command, Func<CommandRun, Task<int>> run)
        => command.SetAction((parse, cancellation) => CommandRunner.RunAsync(parse, run, cancellation));

    /// <summary>Sets what the command does, where success is always <see cref="ExitCode.Ok"/>.</summary>
    /// <param name="command">The command.</param>
    /// <param name="run">Its work.</param>
    public static void SetRun(this Command command, Func<CommandRun, Task> run)
        => command.SetRun(async context =>
        {
            await run(context).ConfigureAwait(false);
            return ExitCode.Ok;
        });
}
