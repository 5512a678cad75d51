namespace Sojourn.Cli.Running;

/// <summary>A failure that a command explains itself: thrown anywhere below it, printed once, without a stack trace.</summary>
/// <param name="exitCode">One of <see cref="ExitCode"/>.</param>
/// <param name="what">What happened, in which input, and what was expected: one sentence without a final full stop.</param>
/// <param name="hint">What to do, as one sentence, or null.</param>
internal sealed class CliException(int exitCode, string what, string? hint = null) : Exception(what)
{
    /// <summary>The exit code.</summary>
    public int Code { get; } = exitCode;

    /// <summary>What to do.</summary>
    public string? Hint { get; } = hint;
}

/// <summary>What is told of a failure.</summary>
/// <param name="Code">One of <see cref="ExitCode"/>.</param>
/// <param name="What">What happened, in which input, and what was expected.</param>
/// <param name="Hint">What to do, or null.</param>
internal sealed record CliError(int Code, string What, string? Hint = null);
