using System.CommandLine;
using System.Globalization;
using Sojourn.Cli.Output;
using Sojourn.Cli.Running;
using Sojourn.Wasm;
using Sojourn.Wasm.Cache;

namespace Sojourn.Cli.Wasm;

/// <summary>The options about keeping compiled code between runs, shared by <c>run</c> and <c>compile</c>.</summary>
internal sealed class CodeCacheOptions
{
    private readonly Option<bool> use;
    private readonly bool byDefault;

    private readonly Option<string?> folder = new("--cache-dir") { Description = "Where compiled code is kept. Default sojourn/wasm in XDG_CACHE_HOME, else in ~/.cache.", HelpName = "FOLDER" };

    private readonly Option<double> time = new("--compile-time") { Description = "The most seconds that compiling ahead may take. Default 60.", DefaultValueFactory = _ => 60, HelpName = "SECONDS" };

    private readonly Option<string> memory = new("--compile-memory") { Description = "The most memory that compiling ahead may take. Default 2GiB.", DefaultValueFactory = _ => "2GiB", HelpName = "SIZE" };

    /// <param name="byDefault">Whether the cache is used unless the user says otherwise.</param>
    public CodeCacheOptions(bool byDefault)
    {
        this.byDefault = byDefault;
        use = byDefault
            ? new("--no-cache") { Description = "Compile in this process and keep nothing." }
            : new("--cache") { Description = "Take compiled code from the cache; compile and keep it where it is not there." };
    }

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { use, folder, time, memory })
        {
            command.Options.Add(option);
        }
    }

    /// <summary>Whether code is kept.</summary>
    public bool IsUsed(CommandRun run) => run.Get(use) != byDefault || (!byDefault && run.Get(folder) is not null);

    /// <summary>Opens the cache.</summary>
    public ModuleCache Open(CommandRun run)
    {
        var text = run.Get(memory)!;
        if (!Human.TryParseSize(text, out var bytes) || bytes <= 0)
        {
            throw new CliException(ExitCode.Usage, $"'{text}' is not a size for --compile-memory", "Write a number and a unit, such as 512MiB.");
        }

        if (run.Get(time) is not (> 0 and <= 86_400))
        {
            throw new CliException(ExitCode.Usage, "--compile-time is a number of seconds above 0 and at most 86400");
        }

        var options = new ModuleCacheOptions { Budget = new() { Time = TimeSpan.FromSeconds(run.Get(time)), MemoryBytes = bytes } };
        return ModuleCache.Open(run.Get(folder) is { } path ? options with { Directory = path } : options);
    }

    /// <summary>Loads a module through the cache. One that could not be compiled within its budget is refused by name.</summary>
    public WasmModule Load(CommandRun run, ModuleCache cache, byte[] bytes, ModuleOptions options, out CacheOrigin origin, out CompileReport? report)
    {
        var module = cache.Load(bytes, options, out origin, out report);
        return report?.Outcome switch
        {
            CompileOutcome.TimeExceeded => throw new CliException(
                ExitCode.Refused,
                string.Create(CultureInfo.InvariantCulture, $"compiling the module took more than {run.Get(time):0.###} s and was ended (--compile-time)"),
                "Allow more time, or run it without the cache: functions are then compiled when they are first called."),
            CompileOutcome.MemoryExceeded => throw new CliException(
                ExitCode.Refused,
                $"compiling the module took more than {run.Get(memory)} of memory and was ended (--compile-memory)",
                "Allow more memory, or run it without the cache: functions are then compiled when they are first called."),
            _ => module,
        };
    }
}
