using Sojourn.Wasm;

namespace Sojourn.Cli.Wasm;

/// <summary>What <c>inspect</c> tells of a module.</summary>
/// <param name="Module">The module, loaded.</param>
/// <param name="Size">Its bytes.</param>
/// <param name="Functions">Functions of its own.</param>
/// <param name="Features">Proposals beyond the base that it cannot do without.</param>
/// <param name="Capabilities">What its imports ask of the host.</param>
/// <param name="Sections">Name and length of each section, in order.</param>
internal sealed record ModuleFacts(
    WasmModule Module,
    long Size,
    int Functions,
    IReadOnlyList<string> Features,
    IReadOnlyList<string> Capabilities,
    IReadOnlyList<(string Name, int Length)> Sections)
{
    private static readonly string[] SectionNames =
        ["custom", "type", "import", "function", "table", "memory", "global", "export", "start", "element", "code", "data", "data count", "tag"];

    public static ModuleFacts Of(byte[] bytes)
    {
        // The interpreter tier: nothing is compiled to look at a module.
        var options = ModuleOptions.Default with { Tier = ExecutionTier.Interpreted, Features = WasmFeatures.Wasm3 };
        var module = WasmModule.Load(bytes, options);
        var sections = ReadSections(bytes, out var functions);
        return new(module, bytes.Length, functions, NeededFeatures(bytes, options), NeededCapabilities(module), sections);
    }

    /// <summary>A feature is needed where the module does not load without it.</summary>
    private static List<string> NeededFeatures(byte[] bytes, ModuleOptions options)
    {
        var needed = new List<string>();
        foreach (var feature in Enum.GetValues<WasmFeatures>().Where(x => System.Numerics.BitOperations.IsPow2((int)x)))
        {
            try
            {
                WasmModule.Load(bytes, options with { Features = WasmFeatures.Wasm3 & ~feature });
            }
            catch (ModuleException)
            {
                needed.Add(feature.ToString());
            }
        }

        return needed;
    }

    private static List<string> NeededCapabilities(WasmModule module)
    {
        var capabilities = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var import in module.Imports)
        {
            capabilities.Add(import.Module is not ("wasi_snapshot_preview1" or "wasi_unstable") ? $"host module '{import.Module}'" : import.Name switch
            {
                "args_get" or "args_sizes_get" => "arguments",
                "environ_get" or "environ_sizes_get" => "environment",
                "random_get" => "randomness",
                "clock_time_get" or "clock_res_get" => "clock",
                "poll_oneoff" => "waiting",
                "proc_exit" or "proc_raise" or "sched_yield" => "exit code",
                _ when import.Name.StartsWith("path_", StringComparison.Ordinal) => "files by path",
                _ when import.Name.StartsWith("sock_", StringComparison.Ordinal) => "sockets",
                _ => "open files and standard streams",
            });
        }

        return [.. capabilities];
    }

    /// <summary>Walks over the sections of a module that is known to be well-formed.</summary>
    private static List<(string Name, int Length)> ReadSections(ReadOnlySpan<byte> bytes, out int functions)
    {
        var sections = new List<(string, int)>();
        functions = 0;
        var at = 8;
        while (at < bytes.Length)
        {
            var id = bytes[at++];
            var length = (int)Leb(bytes, ref at);
            var name = SectionNames[id];
            var inside = at;
            if (id == 0)
            {
                var nameLength = (int)Leb(bytes, ref inside);
                name = $"custom \"{System.Text.Encoding.UTF8.GetString(bytes.Slice(inside, nameLength))}\"";
            }
            else if (id == 3)
            {
                functions = (int)Leb(bytes, ref inside);
            }

            sections.Add((name, length));
            at += length;
        }

        return sections;
    }

    private static uint Leb(ReadOnlySpan<byte> bytes, ref int at)
    {
        uint value = 0;
        for (var shift = 0; ; shift += 7)
        {
            var part = bytes[at++];
            value |= (uint)(part & 0x7F) << shift;
            if (part < 0x80)
            {
                return value;
            }
        }
    }
}
