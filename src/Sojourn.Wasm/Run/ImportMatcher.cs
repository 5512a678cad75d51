using Sojourn.Wasm.Model;

namespace Sojourn.Wasm.Run;

/// <summary>Finds what a module imports and checks that it has the type that the module wants.</summary>
/// <remarks>WebAssembly 3.0, external typing and matching.</remarks>
internal static class ImportMatcher
{
    public static ImportedExterns Match(Store store, WasmModule module, Func<string, string, object?> find)
    {
        var definition = module.Definition;
        var identities = store.Types.Intern(definition.Types);
        var functions = new List<Function?>();
        var hosts = new List<HostDefinition?>();
        var tables = new List<Table>();
        var memories = new List<Memory>();
        var globals = new List<Global>();
        var tags = new List<Tag>();
        foreach (var import in definition.Imports)
        {
            var found = find(import.Module, import.Name)
                ?? throw new LinkException($"unknown import: nothing is defined as {import.Module}.{import.Name}, which is to be a {Describe(import.Type)}");
            switch (import.Type)
            {
                case FunctionType when found is Function function:
                    Require(store.Types.IsSubtype(References.TypeOf(function), identities[import.TypeIndex]), import, function.Type);
                    functions.Add(function);
                    hosts.Add(null);
                    break;
                case FunctionType when found is HostDefinition host:
                    Require(store.Types.IsSubtype(store.Types.Intern(host.Type), identities[import.TypeIndex]), import, host.Type);
                    functions.Add(null);
                    hosts.Add(host);
                    break;
                case TableType type when found is Table table:
                    Require(Fits(table.CurrentType.Limits, type.Limits) && store.Types.AreEqual(table.Type.Element, TypeRegistry.Translate(type.Element, identities)), import, table.CurrentType);
                    tables.Add(table);
                    break;
                case MemoryType type when found is Memory memory:
                    Require(Fits(memory.CurrentType.Limits, type.Limits), import, memory.CurrentType);
                    if (module.UsesGuardPages && !type.Limits.Is64Bit && !memory.Region.IsGuarded)
                    {
                        throw new LinkException($"{import.Module}.{import.Name}: the module relies on guard pages, and the memory has none");
                    }

                    memories.Add(memory);
                    break;
                case GlobalType type when found is Global global:
                    var wanted = TypeRegistry.Translate(type.Type, identities);
                    Require(global.Type.IsMutable == type.IsMutable && (type.IsMutable ? store.Types.AreEqual(global.Type.Type, wanted) : store.Types.Matches(global.Type.Type, wanted)), import, global.Type);
                    globals.Add(global);
                    break;
                case TagType when found is Tag tag:
                    Require(tag.TypeIdentity == identities[import.TypeIndex], import, tag.Type);
                    tags.Add(tag);
                    break;
                default:
                    throw new LinkException($"incompatible import type: {import.Module}.{import.Name} is to be a {Describe(import.Type)}, but it is a {found switch { Function or HostDefinition => "function", Table => "table", Memory => "memory", Global => "global", _ => "tag" }}");
            }
        }

        return new()
        {
            TypeIdentities = identities,
            Functions = [.. functions],
            Hosts = [.. hosts],
            Tables = [.. tables],
            Memories = [.. memories],
            Globals = [.. globals],
            Tags = [.. tags],
        };
    }

    private static bool Fits(Limits found, Limits wanted) =>
        found.Is64Bit == wanted.Is64Bit && found.Minimum >= wanted.Minimum && (wanted.Maximum is not { } most || (found.Maximum is { } has && has <= most));

    private static void Require(bool fits, ImportDefinition import, ExternType found)
    {
        if (!fits)
        {
            throw new LinkException($"incompatible import type: {import.Module}.{import.Name} is to be a {Describe(import.Type)}, but it is a {Describe(found)}");
        }
    }

    private static string Describe(ExternType type) => type is TagType ? type.ToString() : $"{type.Kind.ToString().ToLowerInvariant()} {type}";
}
