using Sojourn.Wasm.Text.Emit;

namespace Sojourn.Wasm.Tests.Child;

/// <summary>Modules of about a megabyte made to be dear, and programs that do not want to end.</summary>
internal static class HostileScenarios
{
    private const int Megabyte = 1 << 20;

    private static readonly Dictionary<string, Func<byte[]>> Modules = new(StringComparer.Ordinal)
    {
        ["deep-blocks"] = () => Body(code => Repeat(code, [0x02, 0x40], [0x0B], Megabyte / 3)),
        ["deep-loops-at-the-limit"] = () => Body(code => Repeat(code, [0x03, 0x40], [0x0B], 9_990)),
        ["deep-ifs-at-the-limit"] = () => Body(code => Repeat(code, [0x20, 0, 0x04, 0x40], [0x0B], 9_990), locals: 1),
        ["many-functions-of-60-loops"] = () => Calling(Megabyte / 480, code => Repeat(code, [0x03, 0x40, 0x20, 0, 0x0D, 0], [0x0B], 60), locals: 1),
        ["many-functions"] = () => Functions(100_000, code => code.Append([0x41, 1, 0x1A])),
        ["many-functions-all-called"] = () => Calling(40_000),
        ["many-functions-of-many-locals"] = () => Functions(80_000, code => code.Append([0x20, 0, 0x1A]), locals: 49_999),
        ["one-function-of-arithmetic"] = () => Body(code => Fill(code, [0x20, 0, 0x41, 3, 0x6C, 0x41, 5, 0x6A, 0x21, 0]), locals: 1),
        ["one-function-of-branches"] = () => Body(code => Fill(code, [0x02, 0x40, 0x20, 0, 0x0D, 0, 0x20, 0, 0x41, 1, 0x6A, 0x21, 0, 0x0B]), locals: 1),
        ["one-function-of-50000-locals"] = () => Body(
            code =>
            {
                for (var i = 0; code.Length < Megabyte; i = (i + 977) % 49_999)
                {
                    code.Byte(0x20);
                    code.U32(i);
                    code.Byte(0x21);
                    code.U32((i + 7) % 49_999);
                }
            },
            locals: 49_999),
        ["one-function-of-calls"] = () => Body(code => Fill(code, [0x20, 0, 0x45, 0x04, 0x40, 0x10, 0, 0x0B]), locals: 1),
        ["one-function-of-memory-copies"] = () => Body(code => Fill(code, [0x41, 0, 0x41, 1, 0x41, 2, 0xFC, 10, 0, 0]), memory: true),
        ["one-function-of-loads"] = () => Body(code => Fill(code, [0x20, 0, 0x28, 2, 0, 0x21, 0]), locals: 1, memory: true),
        ["one-function-of-shuffles"] = () => Body(code => Fill(code, [0x20, 0, 0x20, 0, 0xFD, 13, 0, 1, 2, 3, 20, 21, 22, 23, 8, 9, 10, 11, 28, 29, 30, 31, 0x21, 0]), locals: 1, localType: 0x7B),
        ["one-function-of-selects"] = () => Body(code => Fill(code, [0x20, 0, 0x20, 0, 0x20, 0, 0x1B, 0x21, 0]), locals: 1),
        ["one-function-of-handlers"] = () => Body(code => Fill(code, [0x02, 0x40, 0x1F, 0x40, 1, 2, 0, 0x0B, 0x0B])),
        ["deep-handlers"] = () => Body(code => Repeat(code, [0x02, 0x40, 0x1F, 0x40, 1, 2, 0], [0x0B, 0x0B], 4_900)),
        ["many-functions-of-deep-handlers"] = () => Calling(Megabyte / 1_170, code => Repeat(code, [0x02, 0x40, 0x1F, 0x40, 1, 2, 0], [0x0B, 0x0B], 128)),
        ["deep-operands"] = () => Body(code =>
        {
            const int Count = 200_000;
            Repeat(code, [0x20, 0], [], Count);
            Repeat(code, [0x6A], [], Count - 1);
            code.Byte(0x1A);
        }, locals: 1),
        ["one-branch-table"] = () => Body(code =>
        {
            code.Append([0x02, 0x40, 0x20, 0, 0x0E]);
            code.U32(Megabyte - 100);
            code.Append(new byte[Megabyte - 99]);
            code.Byte(0x0B);
        }, locals: 1),
        ["many-branch-tables"] = () => Body(code =>
        {
            while (code.Length < Megabyte)
            {
                code.Append([0x02, 0x40, 0x20, 0, 0x0E]);
                code.U32(1_000);
                code.Append(new byte[1_001]);
                code.Byte(0x0B);
            }
        }, locals: 1),
        ["many-types"] = () => Types(300_000, code => code.Append([0x60, 0, 0])),
        ["types-of-1000-parameters"] = () => Types(1_000, code =>
        {
            code.Byte(0x60);
            code.U32(1_000);
            code.Append(Enumerable.Repeat((byte)0x7F, 1_000).ToArray());
            code.Byte(0);
        }),
        ["one-recursion-group"] = () => Group(60_000, (code, i) =>
        {
            code.Append([0x5F, 2, 0x63]);
            code.S64((i * 7) % 60_000);
            code.Append([1, 0x64]);
            code.S64((i * 13) % 60_000);
            code.Byte(1);
        }),
        ["many-equal-recursion-groups"] = () => Types(60_000, code => code.Append([0x4E, 2, 0x5F, 1, 0x63, 0, 1, 0x5E, 0x7F, 1])),
        ["deep-subtypes"] = () => Group(100_000, (code, i) =>
        {
            code.Byte(0x50);
            code.U32(i > 0 ? 1 : 0);
            if (i > 0)
            {
                code.U32(i - 1);
            }

            code.Append([0x5F, 0]);
        }),
        ["wide-blocks"] = WideBlocks,
        ["many-elements"] = () => Sections(module =>
        {
            Section(module, 4, x => x.Append([1, 0x70, 0, 10]));
            Section(module, 9, x =>
            {
                x.Append([1, 1, 0]);
                x.U32(Megabyte);
                x.Append(new byte[Megabyte]);
            });
        }),
        ["many-element-segments"] = () => Sections(module => Section(module, 9, x =>
        {
            x.U32(100_000);
            Repeat(x, [1, 0, 1, 0], [], 100_000);
        })),
        ["many-data-segments"] = () => Sections(
            module => Section(module, 11, x =>
            {
                x.U32(100_000);
                Repeat(x, [0, 0x41, 0, 0x0B, 1, 7], [], 100_000);
            }),
            memory: true),
        ["many-globals"] = () => Sections(
            _ => { },
            before: module => Section(module, 6, x =>
            {
                x.U32(200_000);
                Repeat(x, [0x7F, 1, 0x41, 1, 0x0B], [], 200_000);
            })),
        ["one-long-constant"] = () => Sections(
            _ => { },
            before: module => Section(module, 6, x =>
            {
                x.Append([1, 0x7F, 0, 0x41, 1]);
                Repeat(x, [0x41, 1, 0x6A], [], Megabyte / 3);
                x.Byte(0x0B);
            })),
        ["many-memories"] = () => Sections(_ => { }, before: module => Section(module, 5, x =>
        {
            x.U32(100);
            Repeat(x, [0, 1], [], 100);
        })),
        ["one-vast-memory"] = () => Sections(_ => { }, before: module => Section(module, 5, x => x.Append([1, 0, 0x80, 0x80, 0x04]))),
        ["one-vast-table"] = () => Sections(_ => { }, before: module => Section(module, 4, x => x.Append([1, 0x70, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F]))),
        ["many-exports"] = () => Sections(module => { }, exports: 100_000),
        ["names-that-lie"] = () => Sections(module => Section(module, 0, x =>
        {
            x.Name("name");
            x.Append([1, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F]);
            x.Append(new byte[Megabyte]);
        })),

        ["endless-loop"] = () => Body(code => code.Append([0x03, 0x40, 0x0C, 0, 0x0B])),
        ["endless-recursion"] = () => Body(code => code.Append([0x10, 0])),
        ["endless-growth"] = () => Body(code => code.Append([0x03, 0x40, 0x41, 1, 0x40, 0, 0x1A, 0x0C, 0, 0x0B]), memory: true),
        ["endless-fills"] = () => Body(code => code.Append([0x41, 0xFF, 0x07, 0x40, 0, 0x1A, 0x03, 0x40, 0x41, 0, 0x41, 1, 0x41, 0x80, 0x80, 0x80, 0x20, 0xFC, 11, 0, 0x0C, 0, 0x0B]), memory: true),
        ["endless-start"] = () => Sections(module => { }, start: true, body: [0, 0x03, 0x40, 0x0C, 0, 0x0B, 0x0B]),
    };

    public static IReadOnlyDictionary<string, Func<string>> All { get; } = Modules.Keys
        .SelectMany(name => new[] { (Key: "hostile:" + name, Fuel: true), (Key: "hostile-timed:" + name, Fuel: false) }.Select(x => (x.Key, name, x.Fuel)))
        .Select(x => (x.Key, Run: (Func<string>)(() => Try(Modules[x.name](), x.Fuel))))
        .Concat(Modules.Keys.Select(name => (Key: "hostile-prepared:" + name, Run: (Func<string>)(() => Prepare(Modules[name]())))))
        .ToDictionary(x => x.Key, x => x.Run, StringComparer.Ordinal);

    /// <summary>Names of the modules.</summary>
    public static IEnumerable<string> Names => Modules.Keys;

    /// <summary>A module.</summary>
    public static byte[] BytesOf(string name) => Modules[name]();

    /// <summary>Makes machine code of every function at once, in this process.</summary>
    private static string Prepare(byte[] bytes)
    {
        try
        {
            WasmModule.Load(bytes).Prepare();
            return "prepared";
        }
        catch (ModuleException refused)
        {
            return $"refused: {refused.Fault}: {refused.Reason}";
        }
    }

    /// <summary>Loads, links and runs; says how that ended. Functions are compiled when they are called.</summary>
    private static string Try(byte[] bytes, bool metered)
    {
        using var store = new Store(new StoreOptions { MemoryBytesMax = 256 << 20, Fuel = metered ? 10_000_000 : long.MaxValue });
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(metered ? 60 : 1));
        using var registration = store.InterruptOn(limit.Token);
        try
        {
            var module = WasmModule.Load(bytes, ModuleOptions.Default with { Fuel = metered ? FuelMode.Path : FuelMode.None });
            var instance = new Linker(store).Instantiate(module);
            instance.GetFunction("f")?.Invoke();
            return $"ran ({bytes.Length:N0} bytes)";
        }
        catch (ModuleException refused)
        {
            return $"refused: {refused.Fault}: {refused.Reason}";
        }
        catch (TrapException trap)
        {
            return $"trapped: {trap.Kind}";
        }
    }

    private static void Repeat(BinaryBuffer code, byte[] first, byte[] last, int count)
    {
        for (var i = 0; i < count; i++)
        {
            code.Append(first);
        }

        for (var i = 0; i < count && last.Length > 0; i++)
        {
            code.Append(last);
        }
    }

    private static void Fill(BinaryBuffer code, byte[] unit)
    {
        while (code.Length < Megabyte)
        {
            code.Append(unit);
        }
    }

    private static byte[] Body(Action<BinaryBuffer> write, int locals = 0, byte localType = 0x7F, bool memory = false) => Functions(1, write, locals, localType, memory);

    private static byte[] Functions(int count, Action<BinaryBuffer> write, int locals = 0, byte localType = 0x7F, bool memory = false)
    {
        var body = new BinaryBuffer();
        body.Byte(locals > 0 ? 1 : 0);
        if (locals > 0)
        {
            body.U32(locals);
            body.Byte(localType);
        }

        write(body);
        body.Byte(0x0B);
        return Sections(_ => { }, count: count, body: body.ToArray(), memory: memory);
    }

    /// <summary>Functions of which the first calls all others.</summary>
    private static byte[] Calling(int count, Action<BinaryBuffer>? write = null, int locals = 0)
    {
        var module = new BinaryBuffer();
        module.Append("\0asm\u0001\0\0\0"u8);
        module.Append([1, 4, 1, 0x60, 0, 0]);
        Section(module, 3, x =>
        {
            x.U32(count + 1);
            x.Append(new byte[count + 1]);
        });
        module.Append([7, 5, 1, 1, (byte)'f', 0, 0]);
        Section(module, 10, x =>
        {
            x.U32(count + 1);
            var first = new BinaryBuffer();
            first.Byte(0);
            for (var i = 1; i <= count; i++)
            {
                first.Byte(0x10);
                first.U32(i);
            }

            first.Byte(0x0B);
            x.Vector(first.Written);
            var other = new BinaryBuffer();
            other.Append(locals > 0 ? [1, (byte)locals, 0x7F] : [0]);
            write?.Invoke(other);
            other.Byte(0x0B);
            for (var i = 0; i < count; i++)
            {
                x.Vector(other.Written);
            }
        });
        return module.ToArray();
    }

    private static byte[] Types(int count, Action<BinaryBuffer> one)
    {
        var types = new BinaryBuffer();
        types.U32(count + 1);
        types.Append([0x60, 0, 0]);
        for (var i = 0; i < count; i++)
        {
            one(types);
        }

        return Sections(_ => { }, types: types.ToArray());
    }

    private static byte[] Group(int count, Action<BinaryBuffer, int> one)
    {
        var types = new BinaryBuffer();
        types.Append([2, 0x4E]);
        types.U32(count);
        for (var i = 0; i < count; i++)
        {
            one(types, i);
        }

        types.Append([0x60, 0, 0]);
        return Sections(_ => { }, types: types.ToArray(), functionType: count);
    }

    // Blocks that carry a thousand values each.
    private static byte[] WideBlocks()
    {
        var types = new BinaryBuffer();
        types.Append([2, 0x60, 0, 0, 0x60]);
        foreach (var _ in new[] { 0, 1 })
        {
            types.U32(1_000);
            types.Append(Enumerable.Repeat((byte)0x7F, 1_000).ToArray());
        }

        var body = new BinaryBuffer();
        body.Byte(0);
        Repeat(body, [0x41, 0], [], 1_000);
        while (body.Length < Megabyte)
        {
            body.Append([0x03, 1, 0x02, 1, 0x0B, 0x0B]);
        }

        Repeat(body, [0x1A], [], 1_000);
        body.Byte(0x0B);
        return Sections(_ => { }, types: types.ToArray(), body: body.ToArray());
    }

    private static byte[] Sections(
        Action<BinaryBuffer> after, byte[]? types = null, int functionType = 0, int count = 1, byte[]? body = null, bool memory = false, Action<BinaryBuffer>? before = null, int exports = 1, bool start = false)
    {
        var module = new BinaryBuffer();
        module.Append("\0asm\u0001\0\0\0"u8);
        Section(module, 1, x => x.Append(types ?? [1, 0x60, 0, 0]));
        Section(module, 3, x =>
        {
            x.U32(count);
            for (var i = 0; i < count; i++)
            {
                x.U32(functionType);
            }
        });
        if (memory)
        {
            Section(module, 5, x => x.Append([1, 0, 1]));
        }

        // Tables, memories and globals: the sections before the exports.
        before?.Invoke(module);
        var late = new BinaryBuffer();
        after(late);
        var afterCode = late.Length > 0 && late.Written[0] is 11 or 0;
        if (late.Length > 0 && late.Written[0] == 4)
        {
            // A table comes before the exports, its elements after them: the one writer gives both.
            var table = 2 + late.Written[1];
            module.Append(late.Written[..table]);
            late = Copy(late.Written[table..]);
        }

        Section(module, 7, x =>
        {
            x.U32(exports);
            for (var i = 0; i < exports; i++)
            {
                x.Name(i == 0 ? "f" : $"f{i}");
                x.Append([0, 0]);
            }
        });
        if (start)
        {
            Section(module, 8, x => x.Byte(0));
        }

        if (!afterCode)
        {
            module.Append(late.Written);
        }

        Section(module, 10, x =>
        {
            x.U32(count);
            for (var i = 0; i < count; i++)
            {
                x.Vector(body ?? [0, 0x0B]);
            }
        });
        if (afterCode)
        {
            module.Append(late.Written);
        }

        return module.ToArray();
    }

    private static BinaryBuffer Copy(ReadOnlySpan<byte> bytes)
    {
        var copy = new BinaryBuffer();
        copy.Append(bytes);
        return copy;
    }

    private static void Section(BinaryBuffer module, byte id, Action<BinaryBuffer> write)
    {
        var content = new BinaryBuffer();
        write(content);
        module.Byte(id);
        module.Vector(content.Written);
    }
}
