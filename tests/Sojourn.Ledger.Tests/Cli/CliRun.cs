using Sojourn.Cli;
using Sojourn.Cli.Running;

namespace Sojourn.Ledger.Tests.Cli;

/// <summary>One command line, run in this process with streams of its own.</summary>
internal sealed record CliRun(int Code, string Output, string Error)
{
    public string Line => Output.Trim();

    public static async Task<CliRun> OfAsync(params string[] arguments)
    {
        var (output, error) = (new StringWriter(), new StringWriter());
        var code = await RootCommands.InvokeAsync(arguments, new CliInvocation { EnableDefaultExceptionHandler = false, Output = output, Error = error }, default);
        return new CliRun(code, output.ToString(), error.ToString());
    }

    /// <summary>Starts a command that goes on until it is cancelled, and waits for its first line.</summary>
    public static async Task<(string Line, Task<int> Run)> StartAsync(CancellationToken stop, params string[] arguments)
    {
        var output = new FirstLine();
        var run = RootCommands.InvokeAsync(arguments, new CliInvocation { EnableDefaultExceptionHandler = false, Output = output, Error = new StringWriter() }, stop);
        await Task.WhenAny(output.Line, run);
        Assert.True(output.Line.IsCompleted, "The command ended before it said anything.");
        return (await output.Line, run);
    }

    private sealed class FirstLine : StringWriter
    {
        private readonly TaskCompletionSource<string> _line = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<string> Line => _line.Task;

        public override void WriteLine(object? value) => _line.TrySetResult(value?.ToString() ?? "");

        public override void WriteLine(string? value) => _line.TrySetResult(value ?? "");
    }
}
