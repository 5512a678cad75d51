using System.Collections.Immutable;
using System.Security.Cryptography;
using Sojourn.Primitives;
using Sojourn.Protocol.Jobs;
using Sojourn.Protocol.Transactions;
using Sojourn.Wasm;
using Sojourn.Wasm.Wasi;

namespace Sojourn.Enclave.Running;

/// <summary>Runs WASI programs with the capabilities a job gives them, within its limits.</summary>
internal static class GuestEngine
{
    /// <summary>The engine, its version and that of its fuel table, as receipts carry it.</summary>
    public static string Name { get; } = $"sojourn-wasm/{typeof(WasmModule).Assembly.GetName().Version?.ToString(3)}+fuel{WasmModule.FuelVersion}";

    /// <summary>Set in an exit code that names a trap.</summary>
    public const uint TrapBit = 0x8000_0000;

    /// <summary>Most files and folders of an output: a folder must fit into a block.</summary>
    public const int OutputFilesMax = 4096;

    /// <summary>Compiles a module. Nothing of it is kept anywhere but in this process.</summary>
    /// <param name="code">The module's bytes.</param>
    /// <param name="name">What to call it in messages.</param>
    /// <param name="secret">Whether the module came sealed: then nothing of what it holds may be told.</param>
    /// <exception cref="EnclaveException">It is no valid module, or passes a limit.</exception>
    public static WasmModule Compile(ReadOnlyMemory<byte> code, string name, bool secret)
    {
        try
        {
            return WasmModule.Load(code, new ModuleOptions { Fuel = FuelMode.Path, CanonicalNaNs = true, Interruptible = true });
        }
        catch (ModuleException e)
        {
            throw new EnclaveException(e.Fault == ModuleFault.LimitExceeded ? FailReason.CodeTooLarge : FailReason.CodeInvalid, $"{name} is not a module that can be run: {(secret ? e.Fault.ToString() : e.Message)}");
        }
    }

    /// <summary>Runs a program.</summary>
    /// <param name="run">What to run and what it is handed.</param>
    public static GuestResult Run(GuestRun run)
    {
        using var store = new Store(new StoreOptions { MemoryBytesMax = run.MemoryBytesMax, StackBytesMax = run.Spec.StackBytesMax, Fuel = (long)Math.Min(run.FuelMax, long.MaxValue) });
        using var timeout = new CancellationTokenSource();
        var output = new InMemoryFileSystem(new InMemoryFileSystemOptions { BytesMax = run.Spec.OutputBytesMax, NodesMax = OutputFilesMax });
        var standardOutput = new WasiCapture(run.Spec.LogBytesMax);
        var standardError = new WasiCapture(run.Spec.LogBytesMax);
        var linker = new Linker(store);
        var disposables = new List<IDisposable>();
        try
        {
            var options = Options(run, run.Inputs, output, timeout.Token);
            options.StandardOutput = standardOutput;
            options.StandardError = standardError;
            options.AddArguments([run.ProgramName, .. run.Spec.Arguments]);
            foreach (var (name, value) in run.Spec.Environment)
            {
                options.AddEnvironment(name, value);
            }

            if (run.StandardInput is { } input)
            {
                options.StandardInput = input;
            }

            var program = new WasiPreview1(options);
            disposables.Add(program);
            program.DefineIn(linker);
            var exit = Execute(store, run, timeout, () =>
            {
                LinkLibraries(store, linker, run, output, standardError, timeout.Token, disposables);
                return Link(() => linker.Instantiate(run.Program), "the program", run.Secret);
            });
            return new GuestResult(
                exit, run.FuelMax - (ulong)Math.Max(0, store.Fuel), Collect(output), standardOutput.ToArray(), standardError.ToArray());
        }
        finally
        {
            disposables.ForEach(disposable => disposable.Dispose());
        }
    }

    /// <summary>Runs a guard over an output.</summary>
    /// <param name="guard">The guard.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="output">The output; the guard sees it read-only at <c>/output</c> and nothing else.</param>
    /// <param name="seed">Seeds the deterministic profile.</param>
    /// <param name="memoryBytesMax">Bytes of linear memory.</param>
    /// <param name="fuelMax">Fuel.</param>
    /// <returns>What it printed; null where it trapped or ended with another exit code than 0.</returns>
    public static byte[]? RunGuard(WasmModule guard, ImmutableArray<string> arguments, InMemoryFileSystem output, byte[] seed, long memoryBytesMax, ulong fuelMax) =>
        Observe(guard, "guard", arguments, [("/output", output.Root.AsReadOnly())], seed, memoryBytesMax, fuelMax, 4 << 20, out var printed) == 0 ? printed : null;

    /// <summary>Runs a program that looks at something and says what it thinks of it: a guard, a checker.</summary>
    /// <param name="program">The program.</param>
    /// <param name="name">Its name, as the first argument.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="directories">What it sees.</param>
    /// <param name="seed">Seeds the deterministic profile.</param>
    /// <param name="memoryBytesMax">Bytes of linear memory.</param>
    /// <param name="fuelMax">Fuel.</param>
    /// <param name="printedMax">The most that it may print.</param>
    /// <param name="printed">What it printed; null where it ended by a trap or printed too much.</param>
    /// <returns>Its exit code; null where it has none that counts.</returns>
    public static int? Observe(
        WasmModule program, string name, ImmutableArray<string> arguments, IReadOnlyList<(string Path, WasiDirectory Directory)> directories, byte[] seed, long memoryBytesMax, ulong fuelMax, int printedMax, out byte[]? printed)
    {
        using var store = new Store(new StoreOptions { MemoryBytesMax = memoryBytesMax, Fuel = (long)fuelMax });
        var capture = new WasiCapture(printedMax);
        var options = WasiOptions.Deterministic(seed);
        options.StandardOutput = capture;
        options.Prices = WasiPrices.Default;
        options.AddArguments([name, .. arguments]);
        foreach (var (path, directory) in directories)
        {
            options.AddDirectory(path, directory);
        }

        using var wasi = new WasiPreview1(options);
        var linker = new Linker(store);
        wasi.DefineIn(linker);
        int? exit;
        try
        {
            exit = WasiPreview1.Run(linker.Instantiate(program));
        }
        catch (WasiExitException e)
        {
            exit = e.ExitCode;
        }
        catch (Exception e) when (e is TrapException or LinkException or MissingMethodException)
        {
            exit = null;
        }

        printed = exit is null || capture.IsTruncated ? null : capture.ToArray();
        return capture.IsTruncated ? null : exit;
    }

    // Linking runs start functions, so it stands under the same limits as the program itself.
    private static uint Execute(Store store, GuestRun run, CancellationTokenSource timeout, Func<Instance> link)
    {
        using var told = run.Progress is null ? null : new FuelGauge(store, run.FuelMax, run.Progress);
        using var timer = new Timer(_ =>
        {
            timeout.Cancel();
            store.Interrupt();
        }, null, run.Spec.TimeMax, Timeout.InfiniteTimeSpan);
        try
        {
            return (uint)WasiPreview1.Run(link()) & ~TrapBit;
        }
        catch (WasiExitException e)
        {
            return (uint)e.ExitCode & ~TrapBit;
        }
        catch (TrapException e)
        {
            return TrapBit | (uint)e.Kind;
        }
        catch (MissingMethodException)
        {
            throw new EnclaveException(FailReason.CodeInvalid, "the program has no _start: a WASI command was expected");
        }
    }

    // Each library is linked on its own, so that its imports of WASI lead to its own capabilities; it sees the exports of libraries that stand before it.
    private static void LinkLibraries(
        Store store, Linker linker, GuestRun run, InMemoryFileSystem output, WasiCapture standardError, CancellationToken cancel, List<IDisposable> disposables)
    {
        var linked = new List<(string Name, Instance Instance)>();
        foreach (var library in run.Libraries)
        {
            var granted = Options(run, library.Inputs, library.MayWriteOutput ? output : null, cancel);
            granted.StandardError = standardError;
            var wasi = new WasiPreview1(granted);
            disposables.Add(wasi);
            var own = new Linker(store);
            wasi.DefineIn(own);
            foreach (var (name, instance) in linked)
            {
                own.DefineInstance(name, instance);
            }

            var made = Link(() => own.Instantiate(library.Module), $"the library {library.Name}", run.Secret);
            linked.Add((library.Name, made));
            linker.DefineInstance(library.Name, made);
        }
    }

    private static Instance Link(Func<Instance> instantiate, string name, bool secret)
    {
        try
        {
            return instantiate();
        }
        catch (LinkException e)
        {
            // A sealed module's imports are its owner's secret.
            throw new EnclaveException(FailReason.CodeInvalid, secret ? $"{name} asks for something that it was not handed" : $"{name} cannot be linked: {e.Message}");
        }
    }

    private static WasiOptions Options(GuestRun run, IReadOnlyList<GuestInput> inputs, InMemoryFileSystem? output, CancellationToken cancel)
    {
        var options = run.Spec.Deterministic
            ? WasiOptions.Deterministic(run.Seed)
            : new WasiOptions { Clock = WasiClock.System, Random = WasiRandom.System };
        options.Cancellation = cancel;
        options.Prices = WasiPrices.Default;
        var files = new InMemoryFileSystem(new InMemoryFileSystemOptions { BytesMax = long.MaxValue });
        files.CreateDirectory("in");
        foreach (var input in inputs)
        {
            input.AttachTo(files, "in/" + input.Name);
        }

        options.AddDirectory("/in", files.GetDirectory("in").AsReadOnly());
        if (output is not null)
        {
            options.AddDirectory("/output", output.Root);
        }

        return options;
    }

    private static ImmutableSortedDictionary<string, byte[]> Collect(InMemoryFileSystem output)
    {
        var files = ImmutableSortedDictionary.CreateBuilder<string, byte[]>(StringComparer.Ordinal);
        foreach (var path in output.ListFiles())
        {
            files[path] = output.ReadFile(path);
        }

        return files.ToImmutable();
    }
}

/// <summary>One run of a program.</summary>
internal sealed record GuestRun
{
    /// <summary>The program.</summary>
    public required WasmModule Program { get; init; }

    /// <summary>Its name, as the first argument.</summary>
    public required string ProgramName { get; init; }

    /// <summary>Arguments, environment, limits.</summary>
    public required JobSpec Spec { get; init; }

    /// <summary>Inputs under <c>/in</c>.</summary>
    public required IReadOnlyList<GuestInput> Inputs { get; init; }

    /// <summary>Standard input, or null for none.</summary>
    public WasiStream? StandardInput { get; init; }

    /// <summary>Libraries, each with what it was granted.</summary>
    public IReadOnlyList<GuestLibrary> Libraries { get; init; } = [];

    /// <summary>Told now and then how many hundredths of the fuel are burnt; null where nobody may know.</summary>
    public Action<int>? Progress { get; init; }

    /// <summary>Whether code or library came sealed: then messages tell nothing of their contents.</summary>
    public bool Secret { get; init; }

    /// <summary>Seeds the deterministic profile.</summary>
    public required byte[] Seed { get; init; }

    /// <summary>Bytes of linear memory.</summary>
    public required long MemoryBytesMax { get; init; }

    /// <summary>Fuel.</summary>
    public required ulong FuelMax { get; init; }

    /// <summary>The seed of a job: every executor has the same one.</summary>
    /// <param name="job">The job.</param>
    public static byte[] SeedOf(Digest job) => SHA256.HashData([.. "sojourn/seed/1"u8, .. job.AsSpan()]);
}

/// <summary>A library and what it was granted.</summary>
/// <param name="Name">The module name in imports.</param>
/// <param name="Module">The library.</param>
/// <param name="Inputs">What it may read.</param>
/// <param name="MayWriteOutput">Whether it may write output.</param>
internal sealed record GuestLibrary(string Name, WasmModule Module, IReadOnlyList<GuestInput> Inputs, bool MayWriteOutput);
