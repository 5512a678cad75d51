using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;
using Sojourn.Testing;

namespace Sojourn.Contracts.Tests;

/// <summary>Runs forge once for all tests of the contracts and keeps what became of each.</summary>
internal static partial class Forge
{
    public const string Program = "contracts/node_modules/@foundry-rs/forge-linux-amd64/bin/forge";
    private static readonly string Folder = Path.Combine(Vectors.Checkout, "contracts");
    private static readonly Lazy<IReadOnlyDictionary<string, string?>> All = new(RunAll);

    /// <summary>Why a test failed; null where it passed.</summary>
    /// <param name="name">Contract and function, as <c>Contract.function</c>.</param>
    public static string? FaultOf(string name) => All.Value.TryGetValue(name, out var fault) ? fault : "forge did not run it";

    /// <summary>The tests that the sources name; forge's own answer is compared with them, so that none is lost silently.</summary>
    public static IEnumerable<string> Names()
    {
        foreach (var file in Directory.EnumerateFiles(Path.Combine(Folder, "test"), "*.t.sol").Order(StringComparer.Ordinal))
        {
            var contract = "";
            foreach (var line in File.ReadLines(file))
            {
                if (Contract().Match(line) is { Success: true } head)
                {
                    contract = head.Groups[1].Value;
                }
                else if (Function().Match(line) is { Success: true } test && contract != "GasTest")
                {
                    yield return $"{contract}.{test.Groups[1].Value}";
                }
            }
        }
    }

    /// <summary>Runs forge or node in the contracts' folder.</summary>
    /// <param name="program">The program.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <returns>Exit code and output.</returns>
    public static (int Exit, string Output) Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { WorkingDirectory = Folder, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false })!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        if (!process.WaitForExit(TimeSpan.FromMinutes(10)))
        {
            process.Kill(entireProcessTree: true);
        }

        return (process.ExitCode, output.Length > 0 ? output : errors.Result);
    }

    private static Dictionary<string, string?> RunAll()
    {
        var (_, output) = Run(Path.Combine(Vectors.Checkout, Program), "test", "--json", "--no-match-contract", "GasTest");
        var json = output[Math.Max(0, output.IndexOf("{\"", StringComparison.Ordinal))..];
        var results = new Dictionary<string, string?>(StringComparer.Ordinal);
        foreach (var line in json.Split('\n').Where(line => line.StartsWith("{\"test/", StringComparison.Ordinal)))
        {
            using var document = JsonDocument.Parse(line);
            foreach (var suite in document.RootElement.EnumerateObject())
            {
                foreach (var test in suite.Value.GetProperty("test_results").EnumerateObject())
                {
                    var passed = test.Value.GetProperty("status").GetString() == "Success";
                    results[$"{suite.Name[(suite.Name.IndexOf(':') + 1)..]}.{test.Name[..test.Name.IndexOf('(')]}"] = passed ? null : test.Value.GetProperty("reason").ToString();
                }
            }
        }

        return results.Count > 0 ? results : throw new InvalidOperationException($"forge gave no results: {output[..Math.Min(output.Length, 2000)]}");
    }

    [GeneratedRegex(@"^contract (\w+)")]
    private static partial Regex Contract();

    [GeneratedRegex(@"^\s+function ((?:test|testFuzz|invariant)_\w+)\(")]
    private static partial Regex Function();
}
