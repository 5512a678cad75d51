using System.CommandLine;
using Sojourn.Cli.Output;
using Sojourn.Cli.Running;
using Sojourn.Wasm;

namespace Sojourn.Cli.Wasm;

/// <summary>The options about how a module is run, shared by <c>run</c>, <c>compile</c> and <c>bench</c>.</summary>
internal sealed class EngineOptions
{
    private readonly Option<string> tier = new("--tier")
    {
        Description = "How to run: compiled (guard pages where the machine has them), bounds (compiled with bounds checks) or interpreter.",
        DefaultValueFactory = _ => "compiled",
        HelpName = "compiled|bounds|interpreter",
    };

    private readonly Option<long?> fuel = new("--fuel") { Description = "End the program after so many units of work; see docs for the cost table.", HelpName = "UNITS" };

    private readonly Option<bool> exact = new("--exact-fuel") { Description = "Look at the fuel before every basic block instead of at loops and calls." };

    private readonly Option<string?> memory = new("--memory") { Description = "The most linear memory the program may have, such as 64MiB. Default 4GiB.", HelpName = "SIZE" };

    private readonly Option<string?> stack = new("--stack") { Description = "The most stack its calls may use, such as 512KiB. Default 1MiB.", HelpName = "SIZE" };

    private readonly Option<bool> deterministic = new("--deterministic")
    {
        Description = "Same inputs, same bytes, same fuel on every machine: virtual clock, seeded randomness, canonical NaNs, metered.",
    };

    public EngineOptions() => tier.AcceptOnlyFromAmong("compiled", "bounds", "interpreter");

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { tier, fuel, exact, memory, stack, deterministic })
        {
            command.Options.Add(option);
        }
    }

    public bool IsDeterministic(CommandRun run) => run.Get(deterministic);

    public bool IsMetered(CommandRun run) => run.Get(fuel) is not null || run.Get(exact) || IsDeterministic(run);

    public ModuleOptions Module(CommandRun run)
    {
        var options = ModuleOptions.Default with
        {
            Fuel = run.Get(exact) ? FuelMode.Exact : IsMetered(run) ? FuelMode.Path : FuelMode.None,
            CanonicalNaNs = IsDeterministic(run),
        };
        return run.Get(tier) switch
        {
            "interpreter" => options with { Tier = ExecutionTier.Interpreted, Features = WasmFeatures.Wasm3 },
            "bounds" => options with { Protection = MemoryProtection.BoundsChecks },
            _ => options,
        };
    }

    public StoreOptions Store(CommandRun run) => StoreOptions.Default with
    {
        Fuel = run.Get(fuel) ?? long.MaxValue,
        MemoryBytesMax = Size(run, memory, StoreOptions.Default.MemoryBytesMax),
        StackBytesMax = (int)Math.Min(int.MaxValue, Size(run, stack, StoreOptions.Default.StackBytesMax)),
    };

    private static long Size(CommandRun run, Option<string?> option, long otherwise)
    {
        if (run.Get(option) is not { } text)
        {
            return otherwise;
        }

        return Human.TryParseSize(text, out var bytes)
            ? bytes
            : throw new CliException(ExitCode.Usage, $"'{text}' is not a size for {option.Name}", "Write a number and a unit, such as 64MiB.");
    }
}
