using Sojourn.Wasm.Compile;

namespace Sojourn.Wasm.Cache;

/// <summary>Keeps compiled code between processes. What is stored is authenticated: an entry that is damaged, or was written by one who does not know the key, is made anew.</summary>
/// <remarks>
/// Not for secrets: entries tell what a module does. A process that must not trust its disk (an enclave) must not use one.
/// Machine code is loaded for good, since the platform has no collectible machine code that was compiled ahead; see <see cref="ModuleCacheOptions.LoadedMax"/>.
/// </remarks>
public sealed class ModuleCache
{
    private readonly CacheFolder folder;
    private readonly ModuleCacheOptions options;

    private ModuleCache(ModuleCacheOptions options)
    {
        this.options = options;
        folder = CacheFolder.Open(options);
    }

    /// <summary>The options it was opened with.</summary>
    public ModuleCacheOptions Options => options;

    /// <summary>Bytes of all entries.</summary>
    public long Bytes => folder.Bytes();

    /// <summary>Opens a cache, and makes its folder and key where they are missing.</summary>
    /// <param name="options">Where and how much; null for the defaults.</param>
    /// <exception cref="ModuleCacheException">Others could have written to the folder or read its key.</exception>
    public static ModuleCache Open(ModuleCacheOptions? options = null) => new(options ?? new());

    /// <summary>Loads a module: its code from the cache where it is there, else compiled now and stored.</summary>
    /// <param name="bytes">The binary format; not copied, and not to be changed afterwards.</param>
    /// <param name="moduleOptions">Features, protection, fuel; null for the defaults. Interpreted modules are not cached.</param>
    /// <returns>The module.</returns>
    /// <exception cref="ModuleException">The module is refused.</exception>
    public WasmModule Load(ReadOnlyMemory<byte> bytes, ModuleOptions? moduleOptions = null) => Load(bytes, moduleOptions, out _, out _);

    /// <summary>Loads a module, and tells where its code came from.</summary>
    /// <param name="bytes">The binary format; not copied, and not to be changed afterwards.</param>
    /// <param name="moduleOptions">Features, protection, fuel; null for the defaults. Interpreted modules are not cached.</param>
    /// <param name="origin">Where the code came from.</param>
    /// <param name="report">What compiling ahead of time did and cost, where it was tried now, or why it is not tried again.</param>
    /// <returns>The module.</returns>
    /// <exception cref="ModuleException">The module is refused.</exception>
    public WasmModule Load(ReadOnlyMemory<byte> bytes, ModuleOptions? moduleOptions, out CacheOrigin origin, out CompileReport? report)
    {
        report = null;
        origin = CacheOrigin.Compiled;
        var asked = moduleOptions ?? ModuleOptions.Default;
        if (asked.Tier != ExecutionTier.Compiled)
        {
            return WasmModule.Load(bytes, asked);
        }

        var key = CacheKey.Of(bytes.Span, asked, WasmModule.UsesGuardPagesWith(asked));
        var name = Convert.ToHexStringLower(key);
        if (folder.Read(name) is { } entry)
        {
            if (entry.With(all => CacheEntry.Open(folder.Key, key, all)) is not var (kind, spent))
            {
                folder.Remove(name);
            }
            else if (kind == EntryKind.Native || !IsWorthTrying(kind, spent, out report))
            {
                origin = kind == EntryKind.Native ? CacheOrigin.StoredNative : CacheOrigin.StoredIl;
                return FromCode(bytes, asked, name, entry, kind == EntryKind.Native);
            }
        }

        var module = WasmModule.Load(bytes, asked);
        var il = ModuleCompiler.Compile(module);
        byte[]? machine = null;
        report = options.Precompiler?.Compile(il, options.Directory, options.Budget, out machine)
            ?? new CompileReport(CompileOutcome.NoCompiler, TimeSpan.Zero, 0, "no crossgen2 was found or given");
        var (reached, budget) = machine is not null ? (EntryKind.Native, 0u) : KindOf(report.Outcome);
        var stored = CacheEntry.Seal(folder.Key, key, reached, budget, machine ?? il);
        folder.Write(name, stored);
        return FromCode(bytes, asked, name, CodeImage.Of(stored), machine is not null);
    }

    private uint Milliseconds => (uint)Math.Min(options.Budget.Time.TotalMilliseconds, uint.MaxValue);

    private uint Mebibytes => (uint)Math.Min(options.Budget.MemoryBytes >> 20, uint.MaxValue);

    private (EntryKind Kind, uint Budget) KindOf(CompileOutcome outcome) => outcome switch
    {
        CompileOutcome.TimeExceeded => (EntryKind.TimeExceeded, Milliseconds),
        CompileOutcome.MemoryExceeded => (EntryKind.MemoryExceeded, Mebibytes),
        CompileOutcome.CompilerFailed => (EntryKind.CompilerFailed, 0),
        _ => (EntryKind.Il, 0),
    };

    // IL is compiled further once there is something to compile it with, or a larger budget than the one that was not enough.
    private bool IsWorthTrying(EntryKind kind, uint spent, out CompileReport? known)
    {
        var outcome = kind switch
        {
            EntryKind.TimeExceeded when Milliseconds <= spent => CompileOutcome.TimeExceeded,
            EntryKind.MemoryExceeded when Mebibytes <= spent => CompileOutcome.MemoryExceeded,
            EntryKind.CompilerFailed => CompileOutcome.CompilerFailed,
            _ => CompileOutcome.Compiled,
        };
        known = outcome == CompileOutcome.Compiled ? null : new(outcome, TimeSpan.Zero, 0, "as it was when it was last tried");
        return options.Precompiler is not null && known is null;
    }

    private WasmModule FromCode(ReadOnlyMemory<byte> bytes, ModuleOptions asked, string name, CodeImage image, bool native) =>
        WasmModule.FromCache(bytes, asked, module => new CompiledCode(module, image, native ? name : null, options.LoadedMax));
}
