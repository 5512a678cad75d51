namespace Sojourn.Wasm.Text.Emit;

/// <summary>Writes the <c>name</c> section (appendix "Custom Sections", "Name Section").</summary>
internal static class NameSection
{
    public static void Append(BinaryBuffer module, string? moduleName, ModuleSpaces spaces, SortedDictionary<int, IndexSpace> locals)
    {
        var section = new BinaryBuffer();
        if (moduleName is not null)
        {
            var name = new BinaryBuffer();
            name.Name(moduleName);
            Subsection(section, 0, name);
        }

        Map(section, 1, spaces.Functions);
        if (locals.Count > 0)
        {
            var indirect = new BinaryBuffer();
            indirect.U32(locals.Count);
            foreach (var (index, space) in locals)
            {
                indirect.U32(index);
                Entries(indirect, space);
            }

            Subsection(section, 2, indirect);
        }

        Map(section, 4, spaces.Types.Names);
        Map(section, 5, spaces.Tables);
        Map(section, 6, spaces.Memories);
        Map(section, 7, spaces.Globals);
        Map(section, 8, spaces.Elements);
        Map(section, 9, spaces.Data);
        Map(section, 11, spaces.Tags);
        if (section.Length == 0)
        {
            return;
        }

        var whole = new BinaryBuffer();
        whole.Name("name");
        whole.Append(section.Written);
        module.Byte(0);
        module.Vector(whole.Written);
    }

    private static void Map(BinaryBuffer section, int id, IndexSpace space)
    {
        if (space.Names.Count > 0)
        {
            var map = new BinaryBuffer();
            Entries(map, space);
            Subsection(section, id, map);
        }
    }

    private static void Entries(BinaryBuffer into, IndexSpace space)
    {
        into.U32(space.Names.Count);
        foreach (var (name, index) in space.Names.OrderBy(x => x.Value))
        {
            into.U32(index);
            into.Name(name);
        }
    }

    private static void Subsection(BinaryBuffer section, int id, BinaryBuffer content)
    {
        section.Byte(id);
        section.Vector(content.Written);
    }
}
