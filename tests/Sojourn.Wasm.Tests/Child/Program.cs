using System.Globalization;

namespace Sojourn.Wasm.Tests.Child;

/// <summary>What runs in a process of its own, because it might end it: <c>dotnet exec Sojourn.Wasm.Tests.dll NAME</c>.</summary>
public static class Program
{
    /// <summary>Runs a scenario and says what it took.</summary>
    /// <param name="arguments">The scenario's name.</param>
    /// <returns>0, or 2 where there is none of that name.</returns>
    public static int Main(string[] arguments)
    {
        Func<string>? run = null;
        if (arguments is ["determinism"])
        {
            run = DeterminismScenario.Run;
        }
        else if (arguments.Length != 1 || !(HostScenarios.All.TryGetValue(arguments[0], out run) || HostileScenarios.All.TryGetValue(arguments[0], out run)))
        {
            Console.Error.WriteLine("No scenario of that name.");
            return 2;
        }

        var clock = System.Diagnostics.Stopwatch.StartNew();
        Console.WriteLine($"outcome: {run()}");
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"seconds: {clock.Elapsed.TotalSeconds:F2}"));
        Console.WriteLine($"peak: {Peak()}");
        return 0;
    }

    /// <summary>The most memory the process had, in kilobytes.</summary>
    private static string Peak()
    {
        const string Line = "VmHWM:";
        return File.Exists("/proc/self/status")
            ? File.ReadLines("/proc/self/status").First(x => x.StartsWith(Line, StringComparison.Ordinal))[Line.Length..].Replace("kB", "", StringComparison.Ordinal).Trim()
            : "0";
    }
}
