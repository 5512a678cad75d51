using Sojourn.Wasm.Text;
using Sojourn.Wasm.Text.Script;

namespace Sojourn.Wasm.Tests.Spec;

/// <summary>Runs one script against one way of running modules.</summary>
internal sealed class ScriptRunner : IDisposable
{
    private readonly Store store = new();
    private readonly Linker linker;
    private readonly ModuleOptions options;
    private readonly WatOptions text;
    private readonly Dictionary<string, WasmModule> definitions = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Instance> instances = new(StringComparer.Ordinal);
    private readonly ScriptReport report;
    private WasmModule? latestDefinition;
    private Instance? latest;

    private readonly Func<ReadOnlyMemory<byte>, ModuleOptions, WasmModule> load;

    private ScriptRunner(string name, ModuleOptions options, Func<ReadOnlyMemory<byte>, ModuleOptions, WasmModule>? load)
    {
        this.load = load ?? WasmModule.Load;
        this.options = options;
        var wide = options.Features.HasFlag(WasmFeatures.Memory64);
        text = WatOptions.Default with { WideLimits = wide };
        linker = new Linker(store);
        SpecTest.Define(linker, wide);
        report = new ScriptReport(name);
    }

    public static ScriptReport Run(string name, byte[] script, ModuleOptions options, Func<ReadOnlyMemory<byte>, ModuleOptions, WasmModule>? load = null)
    {
        using var runner = new ScriptRunner(name, options, load);
        foreach (var command in ScriptReader.Read(script))
        {
            runner.Run(command);
        }

        return runner.report;
    }

    public void Dispose() => store.Dispose();

    private void Run(ScriptCommand command)
    {
        string? failure;
        try
        {
            failure = Execute(command);
        }
        catch (Exception fault) when (fault is not OutOfMemoryException)
        {
            failure = $"{fault.GetType().Name}: {fault.Message}{(fault is NullReferenceException or InvalidProgramException or IndexOutOfRangeException or InvalidOperationException ? fault.StackTrace : "")}";
        }

        if (failure is null)
        {
            report.Pass(command switch
            {
                ModuleCommand => "module",
                InstanceCommand => "instance",
                RegisterCommand => "register",
                ActionCommand => "action",
                AssertReturn => "return",
                AssertTrap => "trap",
                AssertExhaustion => "exhaustion",
                AssertException => "exception",
                AssertInvalid => "invalid",
                AssertMalformed => "malformed",
                _ => "unlinkable",
            });
        }
        else
        {
            report.Failures.Add((command.Line, failure));
        }
    }

    /// <summary>Null where the command did what it says, else what happened.</summary>
    private string? Execute(ScriptCommand command)
    {
        switch (command)
        {
            case ModuleCommand x:
                return Module(x);
            case InstanceCommand x:
                latest = linker.Instantiate(x.Definition is null ? latestDefinition! : definitions[x.Definition]);
                if (x.Name is not null)
                {
                    instances[x.Name] = latest;
                }

                return null;
            case RegisterCommand x:
                linker.DefineInstance(x.As, Find(x.Instance));
                return null;
            case ActionCommand x:
                Perform(x.Action);
                return null;
            case AssertReturn x:
                return Returned(x);
            case AssertTrap x:
                return Trapped(() => x.Action is { } action ? Perform(action) : Instantiate(x.Module!), x.Message);
            case AssertExhaustion x:
                return Trapped(() => Perform(x.Action), x.Message);
            case AssertException x:
                return Trapped(() => Perform(x.Action), "uncaught exception");
            case AssertInvalid x:
                return Refused(x.Module, ModuleFault.Invalid, x.Message);
            case AssertMalformed { Module.Form: ScriptModuleForm.Binary } x:
                return Refused(x.Module, ModuleFault.Malformed, x.Message);
            case AssertMalformed x:
                try
                {
                    x.Module.ToBinary(text);
                    return $"read, though malformed: {x.Message}";
                }
                catch (WatException)
                {
                    return null;
                }

            case AssertUnlinkable x:
                try
                {
                    Instantiate(x.Module);
                    return $"linked, though {x.Message}";
                }
                catch (LinkException)
                {
                    return null;
                }

            default:
                return "unknown command";
        }
    }

    private string? Module(ModuleCommand command)
    {
        // What follows must not be run against an older instance if this one fails.
        latest = null;
        latestDefinition = null;
        if (command.Module.Name is { } stale)
        {
            instances.Remove(stale);
        }

        var module = load(command.Module.ToBinary(text), options);
        latestDefinition = module;
        if (command.Module.Name is { } name)
        {
            definitions[name] = module;
        }

        if (!command.Definition)
        {
            latest = linker.Instantiate(module);
            if (command.Module.Name is { } named)
            {
                instances[named] = latest;
            }
        }

        return null;
    }

    private Value[] Instantiate(ScriptModule module)
    {
        linker.Instantiate(load(module.ToBinary(text), options));
        return [];
    }

    private Instance Find(string? name) =>
        (name is null ? latest : instances.GetValueOrDefault(name)) ?? throw new InvalidDataException($"no instance {name}");

    private Value[] Perform(ScriptAction action)
    {
        var instance = Find(action.Instance);
        if (action.IsGet)
        {
            return [instance.GetGlobal(action.Field)!.Value];
        }

        var function = instance.GetFunction(action.Field) ?? throw new InvalidDataException($"no function {action.Field}");
        return function.Invoke(action.Arguments.Select(ResultMatcher.ToValue).ToArray());
    }

    private string? Returned(AssertReturn command)
    {
        var results = Perform(command.Action);
        if (results.Length != command.Results.Length)
        {
            return $"{results.Length} results, wanted {command.Results.Length}";
        }

        for (var i = 0; i < results.Length; i++)
        {
            if (!ResultMatcher.Matches(results[i], command.Results[i]))
            {
                return $"{command.Action.Field}: result {i} is {results[i]}, wanted {command.Results[i]}";
            }
        }

        return null;
    }

    private static string? Trapped(Func<Value[]> act, string message)
    {
        try
        {
            return $"returned {string.Join(", ", act())}, wanted the trap '{message}'";
        }
        catch (TrapException trap)
        {
            return KindsOf(message).Contains(trap.Kind) ? null : $"trapped by {trap.Kind}, wanted '{message}'";
        }
    }

    private static TrapKind[] KindsOf(string message) => message switch
    {
        "undefined element" => [TrapKind.TableOutOfBounds],
        "out of bounds" => [TrapKind.MemoryOutOfBounds, TrapKind.TableOutOfBounds, TrapKind.ArrayOutOfBounds],
        "indirect call" => [TrapKind.IndirectCallTypeMismatch],
        "cast" => [TrapKind.CastFailure],
        _ when message.StartsWith("uninitialized element", StringComparison.Ordinal) => [TrapKind.UninitializedElement],
        _ when message.StartsWith("null ", StringComparison.Ordinal) => [TrapKind.NullReference],
        _ => Enum.GetValues<TrapKind>().Where(kind => TrapException.Describe(kind) == message).ToArray(),
    };

    private string? Refused(ScriptModule module, ModuleFault wanted, string message)
    {
        try
        {
            load(module.ToBinary(text), options);
            return $"loaded, though {wanted}: {message}";
        }
        catch (ModuleException refused)
        {
            // A feature that is off makes a module invalid, whichever stage notices.
            return refused.Fault == wanted || (wanted == ModuleFault.Invalid && refused.Fault == ModuleFault.UnsupportedFeature)
                ? null
                : $"refused as {refused.Message}, wanted {wanted}: {message}";
        }
    }
}
