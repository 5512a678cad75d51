namespace Sojourn.Hosting.Yaml;

/// <summary>A YAML file that a person wrote cannot be understood. The message names the file, the line and what was expected.</summary>
/// <param name="file">The file's name, or <c>-</c> for standard input.</param>
/// <param name="line">The line, from 1.</param>
/// <param name="what">What was found and what was expected.</param>
public sealed class YamlFileException(string file, long line, string what) : FormatException($"{file}:{line}: {what}")
{
    /// <summary>The file's name.</summary>
    public string File { get; } = file;

    /// <summary>The line, from 1.</summary>
    public long Line { get; } = line;
}
