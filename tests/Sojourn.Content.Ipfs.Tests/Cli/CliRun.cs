using System.Text;
using Sojourn.Cli;
using Sojourn.Cli.Running;

namespace Sojourn.Content.Ipfs.Tests.Cli;

/// <summary>One command line, run in this process with streams of its own.</summary>
internal sealed record CliRun(int Code, string Output, byte[] Bytes, string Error)
{
    public static async Task<CliRun> OfAsync(byte[] input, CancellationToken cancellation, params string[] arguments)
    {
        var (output, error, bytes) = (new StringWriter(), new StringWriter(), new MemoryStream());
        var invocation = new CliInvocation
        {
            EnableDefaultExceptionHandler = false,
            Output = output,
            Error = error,
            Input = new MemoryStream(input),
            OutputBytes = bytes,
        };
        var code = await RootCommands.InvokeAsync(arguments, invocation, cancellation);
        return new CliRun(code, output.ToString(), bytes.ToArray(), error.ToString());
    }

    public static Task<CliRun> OfAsync(params string[] arguments) => OfAsync([], default, arguments);

    public string Line => Output.Trim();
}
