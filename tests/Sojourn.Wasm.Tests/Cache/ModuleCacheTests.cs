using System.Reflection;
using Sojourn.Wasm.Cache;
using Sojourn.Wasm.Compile;
using Sojourn.Wasm.Text;
using Xunit;

namespace Sojourn.Wasm.Tests.Cache;

/// <summary>What the cache returns runs like what was compiled, and nothing that was tampered with runs at all.</summary>
public sealed class ModuleCacheTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("sojourn-cache-");

    public static bool HasCompiler => Precompiler.Find() is not null;

    public void Dispose() => folder.Delete(recursive: true);

    [Theory, InlineData(true), InlineData(false)]
    public void A_stored_module_runs_as_before(bool native)
    {
        if (native && !HasCompiler)
        {
            return;
        }

        var bytes = Module(1);
        var first = Open(native).Load(bytes, null, out var origin, out var report);
        Assert.Equal(CacheOrigin.Compiled, origin);
        Assert.Equal(native ? CompileOutcome.Compiled : CompileOutcome.NoCompiler, report!.Outcome);
        Check(first, 1);
        var second = Open(native).Load(bytes, null, out origin, out report);
        Assert.Equal(native ? CacheOrigin.StoredNative : CacheOrigin.StoredIl, origin);
        Assert.Null(report);
        Check(second, 1);
        var frames = Assert.Throws<TrapException>(() => Instance(second).GetFunction("trap")!.Invoke()).Frames;
        Assert.Contains(frames, frame => frame.ToString().Contains("deep", StringComparison.Ordinal));
    }

    [Fact]
    public void Every_changed_byte_is_noticed()
    {
        var cache = Open(native: false);
        var bytes = Module(2);
        cache.Load(bytes);
        var file = Assert.Single(folder.GetFiles("*.code")).FullName;
        var good = File.ReadAllBytes(file);
        for (var at = 0; at < good.Length; at += at < 80 ? 1 : 97)
        {
            var bad = (byte[])good.Clone();
            bad[at] ^= 0x40;
            File.WriteAllBytes(file, bad);
            Check(cache.Load(bytes, null, out var origin, out _), 2);
            Assert.Equal(CacheOrigin.Compiled, origin);
        }

        foreach (var length in new[] { 0, 1, 75, 76, good.Length - 1 })
        {
            File.WriteAllBytes(file, good[..length]);
            Check(cache.Load(bytes, null, out var origin, out _), 2);
            Assert.Equal(CacheOrigin.Compiled, origin);
        }

        Check(cache.Load(bytes, null, out var mended, out _), 2);
        Assert.Equal(CacheOrigin.StoredIl, mended);
    }

    [Fact]
    public void Entries_of_another_key_or_another_module_are_foreign()
    {
        var cache = Open(native: false);
        cache.Load(Module(3));
        var mine = Assert.Single(folder.GetFiles("*.code")).FullName;
        var other = Directory.CreateTempSubdirectory("sojourn-cache-");
        try
        {
            // Another user's cache with a key of its own, holding the same module.
            ModuleCache.Open(new() { Directory = other.FullName, Precompiler = null }).Load(Module(3));
            File.Copy(Assert.Single(other.GetFiles("*.code")).FullName, mine, overwrite: true);
            Check(cache.Load(Module(3), null, out var origin, out _), 3);
            Assert.Equal(CacheOrigin.Compiled, origin);
        }
        finally
        {
            other.Delete(recursive: true);
        }

        // An entry of ours under the name of another module.
        cache.Load(Module(4));
        var entries = folder.GetFiles("*.code").Select(file => file.FullName).Order(StringComparer.Ordinal).ToList();
        var theirs = entries.Single(file => file != mine);
        File.Copy(mine, theirs, overwrite: true);
        Check(cache.Load(Module(4), null, out var swapped, out _), 4);
        Assert.Equal(CacheOrigin.Compiled, swapped);
    }

    [Fact]
    public void Every_option_is_part_of_the_key()
    {
        var bytes = Module(5);
        var keys = new HashSet<string> { Key(ModuleOptions.Default) };
        foreach (var property in typeof(ModuleOptions).GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            var changed = ModuleOptions.Default with { };
            property.SetValue(changed, property.GetValue(changed) switch
            {
                bool x => !x,
                WasmFeatures x => WasmFeatures.Wasm2,
                ExecutionTier => ExecutionTier.Interpreted,
                MemoryProtection => MemoryProtection.BoundsChecks,
                FuelMode => FuelMode.Path,
                ModuleLimits x => x with { LocalsMax = 17 },
                var x => throw new InvalidOperationException($"{property.Name} is a {x?.GetType()}: say here how to change it"),
            });
            Assert.True(keys.Add(Key(changed)), $"{property.Name} is not part of the key");
        }

        Assert.False(keys.Add(Key(ModuleOptions.Default with { })));
        Assert.True(keys.Add(Convert.ToHexString(CacheKey.Of(bytes, ModuleOptions.Default, guarded: false))));

        string Key(ModuleOptions options) => Convert.ToHexString(CacheKey.Of(bytes, options, guarded: true));
    }

    [Fact]
    public void Options_do_not_share_entries()
    {
        var cache = Open(native: false);
        cache.Load(Module(6));
        cache.Load(Module(6), ModuleOptions.Default with { Fuel = FuelMode.Path }, out var origin, out _);
        Assert.Equal(CacheOrigin.Compiled, origin);
        Assert.Equal(2, folder.GetFiles("*.code").Length);
    }

    [Fact]
    public void What_was_used_longest_ago_goes_first_and_the_bound_holds()
    {
        var size = 0L;
        var cache = Open(native: false);
        cache.Load(Module(10));
        size = cache.Bytes;
        cache = ModuleCache.Open(new() { Directory = folder.FullName, Precompiler = null, BytesMax = (size * 3) + 100 });
        cache.Load(Module(11));
        cache.Load(Module(12));
        foreach (var (file, age) in folder.GetFiles("*.code").OrderBy(file => file.LastWriteTimeUtc).Select((file, i) => (file, 10 - i)))
        {
            file.LastWriteTimeUtc -= TimeSpan.FromMinutes(age);
        }

        cache.Load(Module(10), null, out var origin, out _);
        Assert.Equal(CacheOrigin.StoredIl, origin);
        cache.Load(Module(13));
        Assert.True(cache.Bytes <= (size * 3) + 100);
        cache.Load(Module(10), null, out origin, out _);
        Assert.Equal(CacheOrigin.StoredIl, origin);
        cache.Load(Module(11), null, out origin, out _);
        Assert.Equal(CacheOrigin.Compiled, origin);
    }

    [Fact]
    public void An_invalid_module_is_refused_and_not_stored()
    {
        var bytes = Wat.ToBinary("(module (func (result i32) i64.const 1))");
        Assert.Throws<ModuleException>(() => Open(native: false).Load(bytes));
        Assert.Empty(folder.GetFiles("*.code"));
        Assert.Empty(folder.GetFiles("*.tmp"));
    }

    [Fact]
    public void A_folder_or_key_that_others_can_write_is_refused()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        Open(native: false);
        var key = Path.Combine(folder.FullName, "key");
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(key));
        File.SetUnixFileMode(key, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
        Assert.Throws<ModuleCacheException>(() => Open(native: false));
        File.SetUnixFileMode(key, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.WriteAllBytes(key, new byte[31]);
        Assert.Throws<ModuleCacheException>(() => Open(native: false));
        File.Delete(key);
        Open(native: false);
        File.SetUnixFileMode(folder.FullName, (UnixFileMode)0b111_111_111);
        Assert.Throws<ModuleCacheException>(() => Open(native: false));
    }

    [Fact]
    public void A_folder_of_another_user_is_refused()
    {
        if (!OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess)
        {
            // Only root can make a folder another's; a folder of root's is another's for everybody else.
            Assert.Throws<ModuleCacheException>(() => ModuleCache.Open(new() { Directory = "/usr", Precompiler = null }));
            return;
        }

        Assert.Equal(0, Chown(folder.FullName, 65534, 65534));
        Assert.Throws<ModuleCacheException>(() => Open(native: false));
        Assert.Equal(0, Chown(folder.FullName, 0, 0));
        Open(native: false);
    }

    [System.Runtime.InteropServices.DllImport("libc", EntryPoint = "chown", CharSet = System.Runtime.InteropServices.CharSet.Ansi, BestFitMapping = false)]
    private static extern int Chown([System.Runtime.InteropServices.MarshalAs(System.Runtime.InteropServices.UnmanagedType.LPUTF8Str)] string path, uint user, uint group);

    [Fact]
    public void A_key_can_be_handed_in()
    {
        var key = new byte[32];
        key[3] = 9;
        ModuleCache.Open(new() { Directory = folder.FullName, Key = key, Precompiler = null }).Load(Module(7));
        Assert.False(File.Exists(Path.Combine(folder.FullName, "key")));
        ModuleCache.Open(new() { Directory = folder.FullName, Key = key, Precompiler = null }).Load(Module(7), null, out var origin, out _);
        Assert.Equal(CacheOrigin.StoredIl, origin);
        key[3] = 8;
        ModuleCache.Open(new() { Directory = folder.FullName, Key = key, Precompiler = null }).Load(Module(7), null, out origin, out _);
        Assert.Equal(CacheOrigin.Compiled, origin);
        Assert.Throws<ArgumentException>(() => ModuleCache.Open(new() { Directory = folder.FullName, Key = new byte[5] }));
    }

    [Fact]
    public void Processes_that_store_at_once_do_not_disturb_each_other()
    {
        var bytes = Module(8);
        Parallel.For(0, 40, _ => Check(Open(native: false).Load(bytes), 8));
        Assert.Single(folder.GetFiles("*.code"));
        Assert.Empty(folder.GetFiles("*.tmp"));
    }

    [Fact]
    public void A_compiler_that_costs_too_much_is_ended_and_not_tried_again()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        var bytes = Module(9);
        foreach (var (script, outcome) in new[]
        {
            ("while :; do :; done", CompileOutcome.TimeExceeded),
            ("exec head -c 300m /dev/zero | tail", CompileOutcome.TimeExceeded),
            ("echo broken >&2; exit 3", CompileOutcome.CompilerFailed),
        })
        {
            var tool = Path.Combine(folder.FullName, "tool.sh");
            File.WriteAllText(tool, $"#!/bin/sh\n{script}\nsleep 600\n");
            File.SetUnixFileMode(tool, UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.UserWrite);
            var options = new ModuleCacheOptions
            {
                Directory = Path.Combine(folder.FullName, outcome + script.Length.ToString(System.Globalization.CultureInfo.InvariantCulture)),
                Precompiler = new(tool),
                Budget = new() { Time = TimeSpan.FromSeconds(0.5), MemoryBytes = 64 << 20 },
            };
            Check(ModuleCache.Open(options).Load(bytes, null, out _, out var report), 9);
            Assert.Equal(outcome, report!.Outcome);
            Check(ModuleCache.Open(options).Load(bytes, null, out var origin, out report), 9);
            Assert.Equal(CacheOrigin.StoredIl, origin);
            Assert.Equal(outcome, report!.Outcome);
            Assert.Equal(TimeSpan.Zero, report.Time);
            Assert.Empty(Directory.GetDirectories(options.Directory));
        }
    }

    [Fact]
    public void A_compiler_that_takes_too_much_memory_is_ended()
    {
        if (!HasCompiler)
        {
            return;
        }

        foreach (var megabytes in new[] { 8, 24 })
        {
            var report = Precompiler.Find()!.Compile(ModuleCompiler.Compile(WasmModule.Load(Module(14))), folder.FullName, new() { MemoryBytes = megabytes << 20 }, out var native);
            Assert.True(report.Outcome == CompileOutcome.MemoryExceeded, $"{megabytes} MiB: {report}");
            Assert.Null(native);
        }
    }

    [Theory]
    [InlineData("exit 255")]
    [InlineData("kill -SEGV $$")]
    [InlineData("echo broken >&2; exit 134")]
    [InlineData("[ \"$1\" = --version ] && exit 0; exit 255")]
    public void A_compiler_that_fails_for_its_own_reasons_is_not_said_to_lack_memory(string script)
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        var tool = Path.Combine(folder.FullName, "tool.sh");
        File.WriteAllText(tool, $"#!/bin/sh\n{script}\n");
        File.SetUnixFileMode(tool, UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.UserWrite);
        var report = new Precompiler(tool).Compile(ModuleCompiler.Compile(WasmModule.Load(Module(16))), folder.FullName, new() { MemoryBytes = 32 << 20 }, out var native);
        Assert.Equal(CompileOutcome.CompilerFailed, report.Outcome);
        Assert.Null(native);
    }

    [Fact]
    public void Machine_code_beyond_the_bound_runs_from_il()
    {
        if (!HasCompiler)
        {
            return;
        }

        var options = new ModuleCacheOptions { Directory = folder.FullName, LoadedMax = 0 };
        ModuleCache.Open(options).Load(Module(15));
        Check(ModuleCache.Open(options).Load(Module(15), null, out var origin, out _), 15);
        Assert.Equal(CacheOrigin.StoredNative, origin);
    }

    private ModuleCache Open(bool native) => ModuleCache.Open(native ? new() { Directory = folder.FullName } : new() { Directory = folder.FullName, Precompiler = null });

    private static byte[] Module(int number) => Wat.ToBinary($$"""
        (module
          (memory 1)
          (func $deep unreachable)
          (func (export "trap") call $deep)
          (func (export "number") (result i32) i32.const {{number}})
          (func (export "loop") (param i32) (result i32) (local i32)
            (loop (local.set 1 (i32.add (local.get 1) (local.get 0))) (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
            (local.get 1))
          (func (export "load") (param i32) (result i32) (i32.load (local.get 0))))
        """);

    private static Instance Instance(WasmModule module) => new Linker(new Store()).Instantiate(module);

    private static void Check(WasmModule module, int number)
    {
        var instance = Instance(module);
        Assert.Equal(number, instance.GetFunction("number")!.Invoke()[0].Int32);
        Assert.Equal(5050, instance.GetFunction("loop")!.Invoke(100)[0].Int32);
        Assert.Equal(TrapKind.MemoryOutOfBounds, Assert.Throws<TrapException>(() => instance.GetFunction("load")!.Invoke(-4)).Kind);
        instance.Store.Dispose();
    }
}
