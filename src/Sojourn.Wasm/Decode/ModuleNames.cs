using Sojourn.Wasm.Model;

namespace Sojourn.Wasm.Decode;

/// <summary>What the <c>name</c> section calls things. It is only advice: where it is damaged, what was read so far stands.</summary>
/// <remarks>WebAssembly 3.0, appendix "Custom Sections", name section.</remarks>
internal sealed class ModuleNames
{
    private static readonly Dictionary<int, string> None = [];
    private readonly Dictionary<int, Dictionary<int, string>> maps = [];

    private ModuleNames()
    {
    }

    public string? Module { get; private set; }

    public Dictionary<int, string> Functions => maps.GetValueOrDefault(1, None);

    public Dictionary<int, string> Types => maps.GetValueOrDefault(4, None);

    public Dictionary<int, string> Tables => maps.GetValueOrDefault(5, None);

    public Dictionary<int, string> Memories => maps.GetValueOrDefault(6, None);

    public Dictionary<int, string> Globals => maps.GetValueOrDefault(7, None);

    public Dictionary<int, string> Elements => maps.GetValueOrDefault(8, None);

    public Dictionary<int, string> Data => maps.GetValueOrDefault(9, None);

    public Dictionary<int, string> Tags => maps.GetValueOrDefault(11, None);

    /// <summary>Names of locals, by function and local.</summary>
    public Dictionary<int, Dictionary<int, string>> Locals { get; } = [];

    public static ModuleNames Read(ModuleDefinition module)
    {
        var names = new ModuleNames();
        var section = module.CustomSections.FirstOrDefault(x => x.Name == "name");
        if (section is null)
        {
            return names;
        }

        try
        {
            var reader = new ByteReader(module.Bytes.Span, section.Offset, section.Offset + section.Length);
            while (!reader.AtEnd)
            {
                int id = reader.Byte();
                var length = (int)Math.Min(reader.U32(), int.MaxValue);
                var start = reader.Position;
                reader.Take(length);
                var part = new ByteReader(module.Bytes.Span, start, start + length);
                names.Subsection(id, ref part);
            }
        }
        catch (ModuleException)
        {
            // Damaged: keep what came before.
        }

        return names;
    }

    private void Subsection(int id, ref ByteReader part)
    {
        switch (id)
        {
            case 0:
                Module = part.Name();
                break;
            case 2:
                var functions = part.Count(int.MaxValue, "functions");
                for (var i = 0; i < functions; i++)
                {
                    var function = (int)part.U32();
                    Locals[function] = Map(ref part);
                }

                break;
            case 1 or (>= 4 and <= 9) or 11:
                maps[id] = Map(ref part);
                break;
        }
    }

    private static Dictionary<int, string> Map(ref ByteReader part)
    {
        var map = new Dictionary<int, string>();
        var count = part.Count(int.MaxValue, "names");
        for (var i = 0; i < count; i++)
        {
            var index = (int)part.U32();
            map[index] = part.Name();
        }

        return map;
    }
}
