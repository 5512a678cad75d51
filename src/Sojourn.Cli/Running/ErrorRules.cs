using System.Net.Http;
using System.Net.Sockets;
using System.Text.Json;
using Sojourn.Hosting.Devnet;

namespace Sojourn.Cli.Running;

/// <summary>Turns exceptions into one clear message and an exit code. Each noun may add rules for the exceptions of its own libraries.</summary>
internal static class ErrorRules
{
    private const int NoSpace = 28;
    private const int QuotaExceeded = 122;
    private const int ReadOnlyFileSystem = 30;
    private const int InputOutput = 5;

    private static readonly List<Func<Exception, CliError?>> Added = [];

    /// <summary>Adds a rule, asked before the general ones; call it from the noun's <c>Create</c>.</summary>
    /// <param name="rule">The message for an exception it knows, else null.</param>
    public static void Add(Func<Exception, CliError?> rule)
    {
        lock (Added)
        {
            Added.Add(rule);
        }
    }

    /// <summary>The message for an exception.</summary>
    public static CliError Explain(Exception exception)
    {
        if (exception is CliException own)
        {
            return new CliError(own.Code, own.Message, own.Hint);
        }

        if (exception is AggregateException { InnerExceptions.Count: 1 } single)
        {
            return Explain(single.InnerExceptions[0]);
        }

        Func<Exception, CliError?>[] rules;
        lock (Added)
        {
            rules = [.. Added];
        }

        return rules.Select(rule => rule(exception)).FirstOrDefault(error => error is not null)
            ?? General(exception)
            ?? new CliError(
                ExitCode.Failed,
                $"an unexpected {exception.GetType().Name}: {exception.Message}",
                "This is a fault of sojourn; set SOJOURN_TRACE=1 to see where it came from, and report it.");
    }

    private static CliError? General(Exception exception) => exception switch
    {
        DevnetUnreachableException e => new(ExitCode.Unreachable, e.Message),
        FileNotFoundException e => new(ExitCode.NotFound, $"no such file: {e.FileName ?? e.Message}", "Check the path."),
        DirectoryNotFoundException e => new(ExitCode.NotFound, e.Message, "Check the path."),
        UnauthorizedAccessException e => new(ExitCode.Environment, e.Message, "Check the permissions, or run as a user who has them."),
        IOException { HResult: NoSpace or QuotaExceeded } e => new(ExitCode.Environment, $"the disk is full: {e.Message}", "Free some space, then run the command again."),
        IOException { HResult: ReadOnlyFileSystem } e => new(ExitCode.Environment, $"the disk is read-only: {e.Message}", "Remount it writable, or choose another folder."),
        IOException { HResult: InputOutput } e => new(ExitCode.Environment, $"the disk reports an input/output error: {e.Message}", "The disk may be failing: see the kernel's log."),
        SocketException { SocketErrorCode: SocketError.AddressNotAvailable or SocketError.AddressAlreadyInUse or SocketError.AccessDenied } e => new(ExitCode.Environment, $"cannot listen there: {e.Message}", "Choose an address of this machine and a port that is free."),
        SocketException e => new(ExitCode.Unreachable, $"cannot connect: {e.Message}", "Check the address and that the other side is running."),
        HttpRequestException e => new(ExitCode.Unreachable, $"the HTTP request failed: {Innermost(e)}", "Check the address and that the other side is running."),
        TimeoutException e => new(ExitCode.Unreachable, e.Message, "Try again later, or allow more time."),
        IOException { InnerException: SocketException e } => new(ExitCode.Unreachable, $"the connection broke: {e.Message}"),
        IOException e => new(ExitCode.Environment, e.Message),
        JsonException e => new(ExitCode.BadInput, $"not valid JSON: {e.Message}"),
        OutOfMemoryException => new(ExitCode.Environment, "out of memory", "Close other programs, or use a smaller input."),
        _ => null,
    };

    private static string Innermost(Exception e) => e.InnerException is null ? e.Message : Innermost(e.InnerException);
}
