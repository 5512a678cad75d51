using Sojourn.Wasm.Model;

namespace Sojourn.Wasm.Tests.Fuzz.Generation;

/// <content>Expressions: each leaves one value of a type.</content>
internal sealed partial class FunctionGenerator
{
    private void Expression(char letter)
    {
        budget--;
        depth++;
        if (budget <= 0 || depth > DepthMax)
        {
            Leaf(letter);
        }
        else if (TypeLetter.IsReference(letter))
        {
            Reference(letter);
        }
        else
        {
            Composite(letter);
        }

        depth--;
    }

    private void Leaf(char letter)
    {
        var local = Local(letter);
        var global = GlobalOf(letter);
        switch (random.Below(4))
        {
            case 0 when global >= 0:
                code.Byte(0x23);
                code.U32(global);
                break;
            case 1 or 2 when local >= 0:
                code.Byte(0x20);
                code.U32(local);
                break;
            default:
                if (TypeLetter.IsReference(letter) && !TypeLetter.IsNullable(letter))
                {
                    NotNull(letter);
                }
                else
                {
                    Constant(code, random, letter);
                }

                break;
        }
    }

    private void Composite(char letter)
    {
        switch (random.Below(27))
        {
            case < 12:
                Operation(random.Pick(module.Opcodes.ByResult[letter]));
                break;
            case 12:
                Tee(letter);
                break;
            case 13:
                Select(letter);
                break;
            case 14 or 15:
                Block(letter.ToString());
                break;
            case 16:
                ConditionalBranch(letter);
                break;
            case 17 or 18:
                if (!CallFor(letter.ToString()))
                {
                    Leaf(letter);
                }

                break;
            case 19 when letter is 'i' or 'I':
                Sizes(letter);
                break;
            case 20 when letter == 'i':
                OfReferences();
                break;
            case < 24 when module.Shape.Heap:
                ReadHeap(letter);
                break;
            default:
                Leaf(letter);
                break;
        }
    }

    private void Tee(char letter)
    {
        Expression(letter);
        if (Local(letter) is >= 0 and var local)
        {
            code.Byte(0x22);
            code.U32(local);
        }
    }

    private void Select(char letter)
    {
        Expression(letter);
        Expression(letter);
        Expression('i');
        if (TypeLetter.IsReference(letter) || random.OneIn(2))
        {
            code.Append([0x1C, 1]);
            TypeLetter.Write(code, letter);
        }
        else
        {
            code.Byte(0x1B);
        }
    }

    /// <summary>Sizes and growth of memories and tables whose addresses have this letter.</summary>
    private void Sizes(char letter)
    {
        var memory = random.Below(module.Memories.Count);
        var table = random.Below(module.Tables.Count);
        switch (random.Below(4))
        {
            case 0 when module.Memories[memory].Address == letter:
                code.Byte(0x3F);
                code.U32(memory);
                break;
            case 1 when module.Memories[memory].Address == letter:
                Integer(letter, random.OneIn(10) ? (int)random.Next() : random.Below(3));
                code.Byte(0x40);
                code.U32(memory);
                break;
            case 2 when module.Tables[table].Address == letter:
                code.Append([0xFC, 16]);
                code.U32(table);
                break;
            case 3 when module.Tables[table].Address == letter:
                Expression(module.Tables[table].Element);
                Integer(letter, random.OneIn(10) ? (int)random.Next() : random.Below(4));
                code.Append([0xFC, 15]);
                code.U32(table);
                break;
            default:
                Leaf(letter);
                break;
        }
    }

    /// <summary>An instruction of the table, its operands before it, its immediates drawn.</summary>
    private void Operation(OpcodeInfo info)
    {
        var operands = info.Signature[..info.Signature.IndexOf(':', StringComparison.Ordinal)];
        var memory = random.Below(module.Memories.Count);
        if (!module.Options.RelaxedFreely && info.Name.Contains("relaxed", StringComparison.Ordinal))
        {
            RelaxedOperands(info);
        }
        else
        {
            foreach (var operand in operands)
            {
                if (operand == 'm')
                {
                    Address(memory);
                }
                else
                {
                    Expression(operand);
                }
            }
        }

        if (info.Immediates is ImmediateKind.I32 or ImmediateKind.I64 or ImmediateKind.F32 or ImmediateKind.F64 or ImmediateKind.V128)
        {
            Constant(code, random, info.Signature[^1]);
            return;
        }

        Op(info);
        Immediates(info, memory);
        if (module.Options.CanonicalizeInProgram)
        {
            Canonicalize(OpcodeChoice.NanShape(info));
        }
    }

    private void Immediates(OpcodeInfo info, int memory)
    {
        switch (info.Immediates)
        {
            case ImmediateKind.MemoryArgument or ImmediateKind.MemoryArgumentLane:
                code.U32(random.Below(info.Natural + 1) | (memory > 0 ? 0x40 : 0));
                if (memory > 0)
                {
                    code.U32(memory);
                }

                if (module.Memories[memory].Is64 && random.OneIn(20))
                {
                    code.U64(random.Next());
                }
                else
                {
                    code.U32(random.Below(12) switch { 0 => 0xFFFF, 1 => unchecked((int)(uint)random.Next()), < 6 => random.Below(64), _ => 0 });
                }

                if (info.Immediates == ImmediateKind.MemoryArgumentLane)
                {
                    code.Byte(random.Below(16 >> info.Natural));
                }

                break;
            case ImmediateKind.Lane:
                code.Byte(random.Below(info.Natural));
                break;
            case ImmediateKind.Shuffle:
                for (var i = 0; i < 16; i++)
                {
                    code.Byte(random.Below(32));
                }

                break;
        }
    }

    /// <summary>Replaces a NaN on top of the stack, or NaN lanes, by the canonical one.</summary>
    private void Canonicalize(char shape)
    {
        switch (shape)
        {
            case 'f':
                Tee('f');
                code.Byte(0x43);
                code.Fixed32(0x7FC00000);
                Get('f');
                Get('f');
                code.Append([0x5B, 0x1B]);
                break;
            case 'F':
                Tee('F');
                code.Byte(0x44);
                code.Fixed64(0x7FF8000000000000);
                Get('F');
                Get('F');
                code.Append([0x61, 0x1B]);
                break;
            case '4':
                Vector(0x7FC000007FC00000, 0x41);
                break;
            case '2':
                Vector(0x7FF8000000000000, 0x47);
                break;
        }

        void Vector(ulong nan, byte equal)
        {
            Tee('v');
            code.Append([0xFD, 12]);
            code.Fixed64(nan);
            code.Fixed64(nan);
            Get('v');
            Get('v');
            code.Append([0xFD, equal, 0xFD, 0x52]);
        }

        void Tee(char letter)
        {
            code.Byte(0x22);
            code.U32(temporaries + TypeLetter.Numbers.IndexOf(letter, StringComparison.Ordinal));
        }

        void Get(char letter)
        {
            code.Byte(0x20);
            code.U32(temporaries + TypeLetter.Numbers.IndexOf(letter, StringComparison.Ordinal));
        }
    }

    /// <summary>An address: mostly within the first page, now and then at the memory's very end, or anything.</summary>
    private void Address(int memory)
    {
        var letter = module.Memories[memory].Address;
        if (random.OneIn(12))
        {
            // (memory.size << 16) - n
            code.Byte(0x3F);
            code.U32(memory);
            Integer(letter, 16);
            code.Byte(letter == 'i' ? 0x74 : 0x86);
            Integer(letter, random.Below(20));
            code.Byte(letter == 'i' ? 0x6B : 0x7D);
            return;
        }

        Expression(letter);
        if (!random.OneIn(20))
        {
            Mask(letter, random.OneIn(4) ? 0x1FFFF : 0xFFF);
        }
    }

    private void TableIndex(int table)
    {
        var letter = module.Tables[table].Address;
        Expression(letter);
        if (!random.OneIn(15))
        {
            Mask(letter, ModuleGenerator.TableSize - 1);
        }
    }

    /// <summary>A length: mostly small.</summary>
    private void Length(char letter, int mask = 0x3F)
    {
        Expression(letter);
        if (!random.OneIn(12))
        {
            Mask(letter, mask);
        }
    }
}
