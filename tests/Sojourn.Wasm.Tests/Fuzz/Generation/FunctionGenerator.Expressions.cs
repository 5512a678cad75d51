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
        else if (letter == 'r')
        {
            Reference();
        }
        else
        {
            Composite(letter);
        }

        depth--;
    }

    private void Leaf(char letter)
    {
        switch (random.Below(4))
        {
            case 0 when letter != 'r':
                code.Byte(0x23);
                code.U32(GlobalOf(letter));
                break;
            case 1 or 2 when letter != 'r':
                code.Byte(0x20);
                code.U32(Local(letter));
                break;
            default:
                Constant(code, random, letter);
                break;
        }
    }

    private void Composite(char letter)
    {
        switch (random.Below(24))
        {
            case < 12:
                Operation(random.Pick(module.Opcodes.ByResult[letter]));
                break;
            case 12:
                Expression(letter);
                code.Byte(0x22);
                code.U32(Local(letter));
                break;
            case 13:
                Expression(letter);
                Expression(letter);
                Expression('i');
                if (random.OneIn(2))
                {
                    code.Append([0x1C, 1, Signature.Code(letter)]);
                }
                else
                {
                    code.Byte(0x1B);
                }

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
            case 19 when letter == 'i':
                Special();
                break;
            default:
                Leaf(letter);
                break;
        }
    }

    /// <summary>Instructions on i32 that the opcode table does not type.</summary>
    private void Special()
    {
        switch (random.Below(6))
        {
            case 0:
                code.Append([0x3F, 0]);
                break;
            case 1:
                code.Byte(0x41);
                code.S64(random.Below(3));
                code.Append([0x40, 0]);
                break;
            case 2:
                code.Append([0xFC, 16, 0]);
                break;
            case 3:
                Expression('r');
                code.Byte(0x41);
                code.S64(random.Below(4));
                code.Append([0xFC, 15, 0]);
                break;
            default:
                Expression('r');
                code.Byte(0xD1);
                break;
        }
    }

    private void Reference()
    {
        switch (random.Below(4))
        {
            case 0:
                code.Byte(0xD2);
                code.U32(random.Below(module.Functions.Count));
                break;
            case 1:
                TableIndex();
                code.Append([0x25, 0]);
                break;
            case 2:
                code.Byte(0x20);
                code.U32(locals.Length - 1);
                break;
            default:
                code.Append([0xD0, 0x70]);
                break;
        }
    }

    /// <summary>An instruction of the table, its operands before it, its immediates drawn.</summary>
    private void Operation(OpcodeInfo info)
    {
        var operands = info.Signature[..info.Signature.IndexOf(':', StringComparison.Ordinal)];
        foreach (var operand in operands)
        {
            if (operand == 'm')
            {
                Address();
            }
            else
            {
                Expression(operand);
            }
        }

        if (info.Immediates is ImmediateKind.I32 or ImmediateKind.I64 or ImmediateKind.F32 or ImmediateKind.F64 or ImmediateKind.V128)
        {
            Constant(code, random, info.Signature[^1]);
            return;
        }

        Op(info);
        switch (info.Immediates)
        {
            case ImmediateKind.MemoryArgument or ImmediateKind.MemoryArgumentLane:
                code.U32(random.Below(info.Natural + 1));
                code.U32(random.Below(12) switch { 0 => 0xFFFF, 1 => unchecked((int)(uint)random.Next()), < 6 => random.Below(64), _ => 0 });
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

        if (options.CanonicalizeInProgram)
        {
            Canonicalize(OpcodeChoice.NanShape(info));
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
            code.U32(Temporary + Letters.IndexOf(letter, StringComparison.Ordinal));
        }

        void Get(char letter)
        {
            code.Byte(0x20);
            code.U32(Temporary + Letters.IndexOf(letter, StringComparison.Ordinal));
        }
    }

    /// <summary>An address: mostly within the first page, now and then at the memory's very end, or anything.</summary>
    private void Address()
    {
        if (random.OneIn(12))
        {
            code.Append([0x3F, 0, 0x41, 16, 0x74, 0x41, (byte)random.Below(20), 0x6B]);
            return;
        }

        Expression('i');
        if (!random.OneIn(20))
        {
            code.Byte(0x41);
            code.S64(random.OneIn(4) ? 0x1FFFF : 0xFFF);
            code.Byte(0x71);
        }
    }

    private void TableIndex()
    {
        Expression('i');
        if (!random.OneIn(15))
        {
            code.Append([0x41, ModuleGenerator.TableSize - 1, 0x71]);
        }
    }
}
