using System.CommandLine;
using System.CommandLine.Parsing;

namespace Sojourn.Cli.Running;

/// <summary>Options that take addresses of servers.</summary>
internal static class Addresses
{
    /// <summary>One address.</summary>
    /// <param name="name">The option.</param>
    /// <param name="description">What it is for.</param>
    /// <param name="required">Whether it must be given.</param>
    public static Option<Uri?> One(string name, string description, bool required = false) => new(name)
    {
        Description = description,
        HelpName = "url",
        Required = required,
        CustomParser = result => Parse(result).FirstOrDefault(),
    };

    /// <summary>Any number of addresses.</summary>
    /// <param name="name">The option.</param>
    /// <param name="description">What they are for.</param>
    public static Option<Uri[]?> Many(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "url",
        AllowMultipleArgumentsPerToken = false,
        CustomParser = result => [.. Parse(result)],
    };

    private static List<Uri> Parse(ArgumentResult result)
    {
        var found = new List<Uri>();
        foreach (var token in result.Tokens)
        {
            if (Uri.TryCreate(token.Value, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https")
            {
                found.Add(uri);
            }
            else
            {
                result.AddError($"'{token.Value}' is no address; http://HOST:PORT was expected.");
            }
        }

        return found;
    }
}
