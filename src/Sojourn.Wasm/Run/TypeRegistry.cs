using Sojourn.Wasm.Model;

namespace Sojourn.Wasm.Run;

/// <summary>Gives equivalent types of different modules one identity within a store, so that an indirect call compares two integers.</summary>
internal sealed class TypeRegistry : TypeSpace
{
    private readonly Dictionary<string, int> groups = new(StringComparer.Ordinal);
    private readonly List<Entry> entries = [];

    public int Count => entries.Count;

    public override int Canonical(int type) => type;

    public override int Supertype(int type) => entries[type].Supertype;

    public override HeapType Kind(int type) => ModuleTypeSpace.KindOf(entries[type].Definition);

    /// <summary>The composite of an identity, its concrete references being identities too.</summary>
    public CompositeType Composite(int type) => entries[type].Definition.Composite;

    /// <summary>Identities of all types of a module.</summary>
    public int[] Intern(TypeDefinition[] types)
    {
        var identities = new int[types.Length];
        for (var start = 0; start < types.Length;)
        {
            var length = types[start].GroupLength;
            if (length == 0)
            {
                break;
            }

            var key = TypeCanon.Key(types, start, identities);
            var known = groups.TryGetValue(key, out var first);
            if (!known)
            {
                groups.Add(key, first = entries.Count);
            }

            for (var i = 0; i < length; i++)
            {
                identities[start + i] = first + i;
            }

            for (var i = 0; i < length && !known; i++)
            {
                var type = types[start + i];
                var super = type.Supertype < 0 ? -1 : identities[type.Supertype];
                entries.Add(new(type with { Composite = Translate(type.Composite, identities), Supertype = super }, super));
            }

            start += length;
        }

        return identities;
    }

    /// <summary>The identity of a function type whose references, if concrete, are identities already.</summary>
    public int Intern(FunctionType type)
    {
        var definition = new TypeDefinition(new FunctionComposite(type), IsFinal: true, Supertype: -1, GroupStart: 0, GroupLength: 1);
        var most = 0;
        foreach (var part in type.Parameters.AddRange(type.Results))
        {
            most = Math.Max(most, part.IsReference && part.Heap.IsConcrete ? part.Heap.Code + 1 : 0);
        }

        // Identities up to the largest one referred to stand for themselves, before the group.
        var types = new TypeDefinition[most + 1];
        types[most] = definition;
        var self = Enumerable.Range(0, most).ToArray();
        var key = TypeCanon.Key(types, most, self);
        if (!groups.TryGetValue(key, out var identity))
        {
            groups.Add(key, identity = entries.Count);
            entries.Add(new(definition, -1));
        }

        return identity;
    }

    public static WasmType Translate(WasmType type, ReadOnlySpan<int> identities) =>
        type.IsReference && type.Heap.IsConcrete ? WasmType.Reference(HeapType.Of(identities[type.Heap.Code]), type.IsNullable) : type;

    public static FunctionType Translate(FunctionType type, int[] identities)
    {
        foreach (var part in type.Parameters)
        {
            if (part.IsReference && part.Heap.IsConcrete)
            {
                return Rebuild(type, identities);
            }
        }

        foreach (var part in type.Results)
        {
            if (part.IsReference && part.Heap.IsConcrete)
            {
                return Rebuild(type, identities);
            }
        }

        return type;
    }

    private static FunctionType Rebuild(FunctionType type, int[] identities) =>
        new([.. type.Parameters.Select(part => Translate(part, identities))], [.. type.Results.Select(part => Translate(part, identities))]);

    private static CompositeType Translate(CompositeType composite, int[] identities) => composite switch
    {
        FunctionComposite function => new FunctionComposite(Translate(function.Type, identities)),
        StructComposite structure => new StructComposite([.. structure.Fields.Select(field => field with { Type = Translate(field.Type, identities) })]),
        ArrayComposite array => new ArrayComposite(array.Element with { Type = Translate(array.Element.Type, identities) }),
        _ => composite,
    };

    private sealed record Entry(TypeDefinition Definition, int Supertype);
}
