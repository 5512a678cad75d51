using Sojourn.Wasm.Text.Emit;

namespace Sojourn.Wasm.Tests.Fuzz.Generation;

/// <summary>A field: a letter, or <c>b</c> and <c>h</c> for the packed i8 and i16.</summary>
internal readonly record struct Field(char Storage, bool IsMutable)
{
    /// <summary>The letter of the value that is read and written.</summary>
    public char Letter => Storage is 'b' or 'h' ? 'i' : Storage;

    public bool IsPacked => Storage is 'b' or 'h';
}

/// <summary>A structure or an array of the module.</summary>
/// <param name="Fields">The fields; an array has one.</param>
/// <param name="Supertype">The type it extends, or -1.</param>
internal sealed record HeapType(bool IsArray, IReadOnlyList<Field> Fields, int Supertype, bool IsFinal);

/// <summary>The structures and arrays of a module: two recursion groups, the second of which may be equal to the first.</summary>
internal sealed class HeapTypes
{
    private readonly List<HeapType> types = [];
    private readonly int firstGroup;

    public HeapTypes(Prng random, bool on)
    {
        if (!on)
        {
            return;
        }

        // Fields name types of their own group or of one before it.
        var root = Structure(random, 0, -1, isFinal: false, 2 + random.Below(5));
        types.Add(root);
        types.Add(root with { Fields = [.. root.Fields, .. Draw(random, 1 + random.Below(3), 5)], Supertype = 0, IsFinal = random.OneIn(2) });
        types.Add(Structure(random, 2, -1, isFinal: true, 1 + random.Below(4)));
        types.Add(Array(random, random.Pick("bhiIfFv".ToCharArray())));
        types.Add(Array(random, random.Pick("raqsje".ToCharArray())));
        types.Add(Array(random, TypeLetter.Concrete(random.Below(5), nullable: true)));
        firstGroup = types.Count;
        if (random.OneIn(3))
        {
            types.AddRange(types.Take(3).Select(type => type with { }).ToArray());
            Twin = true;
        }

        types.Add(Array(random, random.Pick("bhiI".ToCharArray())));
        types.Add(Array(random, 'r'));
        types.Add(Array(random, 'a'));
    }

    /// <summary>Whether the second group begins with copies of the first three types (in a group of another shape, hence different ones).</summary>
    public bool Twin { get; }

    public IReadOnlyList<HeapType> All => types;

    public int Count => types.Count;

    /// <summary>The number of entries of the type section.</summary>
    public int Groups => types.Count == 0 ? 0 : 2;

    public void Write(BinaryBuffer into)
    {
        if (types.Count == 0)
        {
            return;
        }

        Group(into, 0, firstGroup);
        Group(into, firstGroup, types.Count);
    }

    /// <summary>Letters that are subtypes of a nullable one among the module's structures and arrays.</summary>
    public IEnumerable<int> Below(char nullable)
    {
        for (var i = 0; i < types.Count; i++)
        {
            if (nullable is 'a' or 'q' || (nullable == 's' && !types[i].IsArray) || (nullable == 'y' && types[i].IsArray) ||
                (TypeLetter.IsConcrete(nullable) && types[i].Supertype == TypeLetter.TypeIndex(nullable)))
            {
                yield return i;
            }
        }
    }

    private void Group(BinaryBuffer into, int from, int to)
    {
        into.Byte(0x4E);
        into.U32(to - from);
        for (var i = from; i < to; i++)
        {
            var type = types[i];
            if (type.Supertype >= 0 || !type.IsFinal)
            {
                into.Byte(type.IsFinal ? 0x4F : 0x50);
                into.U32(type.Supertype >= 0 ? 1 : 0);
                if (type.Supertype >= 0)
                {
                    into.U32(type.Supertype);
                }
            }

            into.Byte(type.IsArray ? 0x5E : 0x5F);
            if (!type.IsArray)
            {
                into.U32(type.Fields.Count);
            }

            foreach (var field in type.Fields)
            {
                switch (field.Storage)
                {
                    case 'b':
                        into.Byte(0x78);
                        break;
                    case 'h':
                        into.Byte(0x77);
                        break;
                    default:
                        TypeLetter.Write(into, field.Storage);
                        break;
                }

                into.Byte(field.IsMutable ? 1 : 0);
            }
        }
    }

    private static HeapType Structure(Prng random, int self, int super, bool isFinal, int fields) => new(false, [.. Draw(random, fields, 5), new(TypeLetter.Concrete(self, true), true)], super, isFinal);

    private static HeapType Array(Prng random, char storage) => new(true, [new(storage, IsMutable: !random.OneIn(8))], -1, true);

    private static Field[] Draw(Prng random, int count, int concrete) => Enumerable.Range(0, count)
        .Select(_ => new Field(random.OneIn(6) ? TypeLetter.Concrete(random.Below(concrete), nullable: true) : random.Pick("bhiIfFvbhiIraqjsye".ToCharArray()), !random.OneIn(5)))
        .ToArray();
}
