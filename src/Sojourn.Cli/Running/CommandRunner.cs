using System.CommandLine;
using Sojourn.Cli.Output;

namespace Sojourn.Cli.Running;

/// <summary>Runs commands: the one place where exceptions and signals become messages and exit codes.</summary>
internal static class CommandRunner
{
    /// <summary>Runs one command's work.</summary>
    public static async Task<int> RunAsync(ParseResult parse, Func<CommandRun, Task<int>> run, CancellationToken cancellation)
    {
        var invocation = parse.InvocationConfiguration as CliInvocation ?? CliInvocation.FromProcess();
        try
        {
            var code = await run(new CommandRun(parse, invocation, cancellation)).ConfigureAwait(false);
            await invocation.Output.FlushAsync(CancellationToken.None).ConfigureAwait(false);
            return code;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            invocation.Error.WriteLine("sojourn: interrupted");
            return ExitCode.Interrupted;
        }
        catch (IOException e) when (IsBrokenPipe(e))
        {
            // The reader of our output has gone (`| head`): nobody is left to tell.
            return ExitCode.Ok;
        }
#pragma warning disable CA1031 // The top of the program: whatever is not known is told as a fault of ours.
        catch (Exception e)
#pragma warning restore CA1031
        {
            var error = ErrorRules.Explain(e);
            Print(invocation.Error, error);
            if (Environment.GetEnvironmentVariable("SOJOURN_TRACE") == "1")
            {
                invocation.Error.WriteLine(e);
            }

            return error.Code;
        }
    }

    /// <summary>Prints an error: what happened, then what to do.</summary>
    public static void Print(TextWriter output, CliError error)
    {
        output.WriteLine($"sojourn: {TerminalText.Safe(error.What)}");
        if (error.Hint is not null)
        {
            output.WriteLine($"  {TerminalText.Safe(error.Hint)}");
        }
    }

    private static bool IsBrokenPipe(IOException e) => e.HResult == 32 || (OperatingSystem.IsWindows() && (e.HResult & 0xFFFF) is 109 or 232);
}
