namespace Sojourn.Wasm.Tests.Fuzz.Generation;

/// <content>References, structures and arrays.</content>
internal sealed partial class FunctionGenerator
{
    private void Reference(char letter)
    {
        if (!module.Shape.Heap || letter is 'x')
        {
            PlainReference(letter);
            return;
        }

        var nullable = TypeLetter.IsNullable(letter);
        switch (random.Below(20))
        {
            case < 4:
                NotNull(letter);
                break;
            case 4 or 5:
                PlainReference(letter);
                break;
            case 6:
                ReadHeap(letter);
                break;
            case 7 or 8:
                Subtype(letter);
                break;
            case 9:
                Block(letter.ToString());
                break;
            case 10:
                Select(letter);
                break;
            case 11:
                Tee(letter);
                break;
            case 12 when TopOf(letter) is var top and not 'x':
                Expression(random.OneIn(3) ? top : Beside(letter));
                code.Append([0xFB, (byte)(nullable ? 23 : 22)]);
                TypeLetter.WriteHeap(code, letter);
                break;
            case 13:
                OnCast(letter);
                break;
            case 14 when !nullable:
                Expression(TypeLetter.Nullable(letter));
                code.Byte(0xD4);
                break;
            case 15 or 16 when !nullable:
                OnNull(letter);
                break;
            case 17 when letter is 'a' or 'e':
                Expression(letter == 'a' ? 'e' : 'a');
                code.Append([0xFB, (byte)(letter == 'a' ? 26 : 27)]);
                break;
            case 18:
                if (!CallFor(letter.ToString()))
                {
                    Leaf(letter);
                }

                break;
            case 19:
                ConditionalBranch(letter);
                break;
            default:
                Leaf(letter);
                break;
        }
    }

    /// <summary>What 2.0 has for references.</summary>
    private void PlainReference(char letter)
    {
        var table = random.Below(module.Tables.Count);
        switch (random.Below(4))
        {
            case 0 when TypeLetter.Nullable(letter) == 'r':
                code.Byte(0xD2);
                code.U32(random.Below(module.Functions.Count));
                break;
            case 1 when module.Tables[table].Element == letter:
                TableIndex(table);
                code.Byte(0x25);
                code.U32(table);
                break;
            default:
                Leaf(letter);
                break;
        }
    }

    /// <summary>Makes something that is not null.</summary>
    private void NotNull(char letter)
    {
        var nullable = TypeLetter.Nullable(letter);
        if (TypeLetter.IsConcrete(letter))
        {
            var type = TypeLetter.TypeIndex(letter);
            if (type < module.Heap.Count)
            {
                New(type);
                return;
            }

            var fitting = Enumerable.Range(0, module.Functions.Count).Where(i => module.Functions[i] == type).ToArray();
            if (fitting.Length > 0)
            {
                code.Byte(0xD2);
                code.U32(random.Pick(fitting));
                return;
            }
        }

        switch (nullable)
        {
            case 'r':
                code.Byte(0xD2);
                code.U32(random.Below(module.Functions.Count));
                break;
            case 'a' or 'q' or 'j':
                Expression('i');
                code.Append([0xFB, 28]);
                break;
            case 'e':
                Expression('i');
                code.Append([0xFB, 28, 0xFB, 27]);
                break;
            case 's' or 'y':
                New(random.Pick(module.Heap.Below(nullable).ToArray()));
                break;
            default:
                // There is nothing of that type: a trap.
                Constant(code, random, nullable);
                code.Byte(0xD4);
                break;
        }
    }

    private void New(int index)
    {
        var type = module.Heap.All[index];
        if (!type.IsArray)
        {
            if (budget > 0 && random.OneIn(2))
            {
                Values(string.Concat(type.Fields.Select(field => field.Letter)));
                code.Append([0xFB, 0, (byte)index]);
            }
            else
            {
                code.Append([0xFB, 1, (byte)index]);
            }

            return;
        }

        var storage = type.Fields[0].Storage;
        switch (budget <= 0 ? 0 : random.Below(5))
        {
            case 1:
                Expression(type.Fields[0].Letter);
                Length('i', 15);

                // Where an array is too large is for each engine to say.
                Mask('i', 0xFF);
                code.Append([0xFB, 6, (byte)index]);
                break;
            case 2:
                var count = random.Below(6);
                for (var i = 0; i < count; i++)
                {
                    Expression(type.Fields[0].Letter);
                }

                code.Append([0xFB, 8, (byte)index, (byte)count]);
                break;
            case 3 when !TypeLetter.IsReference(type.Fields[0].Letter):
                Length('i', 15);
                Length('i', 7);
                Mask('i', 0xFF);
                code.Append([0xFB, 9, (byte)index, (byte)random.Below(ModuleGenerator.DataSegments)]);
                break;
            case 4 when storage is 'r' or 'a':
                Length('i', 3);
                Length('i', 3);
                Mask('i', 0xFF);
                code.Append([0xFB, 10, (byte)index, (byte)(storage == 'a' ? ModuleGenerator.HeapSegment : random.Below(ModuleGenerator.FunctionSegments))]);
                break;
            default:
                Integer('i', random.Below(16));
                code.Append([0xFB, 7, (byte)index]);
                break;
        }
    }

    /// <summary>An instance of a type, rarely null.</summary>
    private void Object(int type) => Expression(TypeLetter.Concrete(type, nullable: random.OneIn(8)));

    /// <summary>Reads a field or an element that has this type.</summary>
    private void ReadHeap(char letter)
    {
        var candidates = new List<(int Type, int Field)>();
        for (var i = 0; i < module.Heap.Count; i++)
        {
            for (var j = 0; j < module.Heap.All[i].Fields.Count; j++)
            {
                if (module.Heap.All[i].Fields[j].Letter == letter)
                {
                    candidates.Add((i, j));
                }
            }
        }

        if (candidates.Count == 0)
        {
            Leaf(letter);
            return;
        }

        var (type, field) = random.Pick(candidates);
        var read = module.Heap.All[type].Fields[field].IsPacked ? 1 + random.Below(2) : 0;
        Object(type);
        if (module.Heap.All[type].IsArray)
        {
            Length('i', 7);
            code.Append([0xFB, (byte)(11 + read), (byte)type]);
        }
        else
        {
            code.Append([0xFB, (byte)(2 + read), (byte)type, (byte)field]);
        }
    }

    private void WriteHeap()
    {
        var index = random.Below(module.Heap.Count);
        var type = module.Heap.All[index];
        var field = random.Below(type.Fields.Count);
        if (!type.Fields[field].IsMutable)
        {
            Expression('q');
            Expression('q');
            code.Append([0xD3, 0x1A]);
            return;
        }

        Object(index);
        if (!type.IsArray)
        {
            Expression(type.Fields[field].Letter);
            code.Append([0xFB, 5, (byte)index, (byte)field]);
            return;
        }

        Length('i', 7);
        var storage = type.Fields[0].Storage;
        switch (random.Below(5))
        {
            case 0:
                Expression(type.Fields[0].Letter);
                Length('i', 7);
                code.Append([0xFB, 16, (byte)index]);
                break;
            case 1:
                var sources = Enumerable.Range(0, module.Heap.Count).Where(i => module.Heap.All[i].IsArray && module.Heap.All[i].Fields[0].Storage == storage).ToArray();
                var source = random.Pick(sources);
                Object(source);
                Length('i', 7);
                Length('i', 7);
                code.Append([0xFB, 17, (byte)index, (byte)source]);
                break;
            case 2 when !TypeLetter.IsReference(type.Fields[0].Letter):
                Length('i', 15);
                Length('i', 7);
                code.Append([0xFB, 18, (byte)index, (byte)random.Below(ModuleGenerator.DataSegments)]);
                break;
            case 3 when storage is 'r' or 'a':
                Length('i', 3);
                Length('i', 3);
                code.Append([0xFB, 19, (byte)index, (byte)(storage == 'a' ? ModuleGenerator.HeapSegment : random.Below(ModuleGenerator.FunctionSegments))]);
                break;
            default:
                Expression(type.Fields[0].Letter);
                code.Append([0xFB, 14, (byte)index]);
                break;
        }
    }

    /// <summary>Integers about references.</summary>
    private void OfReferences()
    {
        var letter = random.Pick(module.References.ToCharArray());
        switch (module.Shape.Heap ? random.Below(8) : 0)
        {
            case 1 or 2:
                Expression('q');
                Expression('q');
                code.Byte(0xD3);
                break;
            case 3 or 4 when TopOf(letter) != 'x':
                Expression(Beside(letter));
                code.Append([0xFB, (byte)(20 + random.Below(2))]);
                TypeLetter.WriteHeap(code, letter);
                break;
            case 5:
                Expression(random.OneIn(5) ? 'j' : TypeLetter.NonNull('j'));
                code.Append([0xFB, (byte)(29 + random.Below(2))]);
                break;
            case 6:
                Expression(random.OneIn(5) ? 'y' : TypeLetter.NonNull('y'));
                code.Append([0xFB, 15]);
                break;
            default:
                Expression(letter);
                code.Byte(0xD1);
                break;
        }
    }

    /// <summary>The top of a letter's hierarchy.</summary>
    private char TopOf(char letter)
    {
        var nullable = TypeLetter.Nullable(letter);
        return TypeLetter.IsConcrete(letter) ? (TypeLetter.TypeIndex(letter) < module.Heap.Count ? 'a' : 'r') : nullable is 'r' or 'e' or 'x' ? nullable : 'a';
    }

    /// <summary>A nullable letter of the same hierarchy, which casts of another may come from.</summary>
    private char Beside(char letter)
    {
        var top = TopOf(letter);
        return top != 'a' ? top : random.Below(3) switch
        {
            0 => 'a',
            1 => 'q',
            _ => random.Pick(module.References.Where(x => TopOf(x) == 'a').ToArray()),
        };
    }

    private void Subtype(char letter)
    {
        var nullable = TypeLetter.Nullable(letter);
        var below = module.Heap.Below(nullable).Select(i => TypeLetter.Concrete(i, true)).Concat(nullable switch { 'a' => "qjsy", 'q' => "jsy", _ => "" }).ToArray();
        if (below.Length == 0)
        {
            Leaf(letter);
            return;
        }

        var sub = random.Pick(below);
        Expression(TypeLetter.IsNullable(letter) && !random.OneIn(3) ? sub : TypeLetter.NonNull(sub));
    }

    /// <summary>Branches on a cast out of a block whose result is the wanted type, or on the failure of one.</summary>
    private void OnCast(char letter)
    {
        var top = TopOf(letter);
        if (top == 'x')
        {
            Leaf(letter);
            return;
        }

        Begin(letter.ToString());
        if (letter == top && random.OneIn(2))
        {
            // Falls through where the cast succeeds; leaves with what it is where not.
            var target = random.Pick(module.References.Where(x => TopOf(x) == top).ToArray());
            Expression(top);
            CastBranch(25, top, random.OneIn(2) ? target : TypeLetter.NonNull(target));
        }
        else
        {
            Expression(top);
            CastBranch(24, top, letter);
        }

        code.Byte(0x1A);
        Expression(letter);
        Finish();
    }

    private void CastBranch(byte opcode, char from, char to)
    {
        code.Append([0xFB, opcode, (byte)((TypeLetter.IsNullable(from) ? 1 : 0) | (TypeLetter.IsNullable(to) ? 2 : 0)), 0]);
        TypeLetter.WriteHeap(code, from);
        TypeLetter.WriteHeap(code, to);
    }

    /// <summary>What is not null goes on; else something is made.</summary>
    private void OnNull(char letter)
    {
        Begin(letter.ToString());
        if (random.OneIn(2))
        {
            Begin("");
            Expression(TypeLetter.Nullable(letter));
            code.Append([0xD5, 0, 0x0C, 1]);
            Finish();
        }
        else
        {
            Expression(TypeLetter.Nullable(letter));
            code.Append([0xD6, 0]);
        }

        NotNull(letter);
        Finish();
    }

    private void Begin(string results)
    {
        code.Byte(0x02);
        BlockType("", results);
        labels.Add(results);
    }

    private void Finish()
    {
        labels.RemoveAt(labels.Count - 1);
        code.Byte(0x0B);
    }
}
