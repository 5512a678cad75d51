using Sojourn.Wasm.Model;
using Sojourn.Wasm.Text.Emit;

namespace Sojourn.Wasm.Tests.Fuzz.Generation;

/// <summary>Draws one function's body: statements that leave the stack as it was, and expressions that leave one value.</summary>
internal sealed partial class FunctionGenerator
{
    private const int DepthMax = 8;

    private readonly ModuleGenerator module;
    private readonly Prng random;
    private readonly Signature signature;
    private readonly BinaryBuffer code = new();
    private readonly string locals;
    private readonly int temporaries;
    private readonly List<string> labels = [];
    private int budget;
    private int depth;

    public FunctionGenerator(ModuleGenerator module, Prng random, Signature signature)
    {
        this.module = module;
        this.random = random;
        this.signature = signature;
        budget = 10 + random.Below(module.Options.Budget * (module.Shape.Large ? 4 : 1));

        // Two locals of each number for the program and one of each reference, then those for making NaNs canonical.
        locals = signature.Parameters + TypeLetter.Numbers + TypeLetter.Numbers + module.References;
        temporaries = locals.Length;
        locals += TypeLetter.Numbers;
    }

    public byte[] Generate()
    {
        var body = new BinaryBuffer();
        var declared = locals[signature.Parameters.Length..];
        body.U32(declared.Length);
        foreach (var letter in declared)
        {
            body.U32(1);
            TypeLetter.Write(body, letter);
        }

        labels.Add(signature.Results);
        Step();
        Statements(1 + random.Below(5));
        Values(signature.Results);
        code.Byte(0x0B);
        body.Append(code.Written);
        return body.ToArray();
    }

    /// <summary>Counts one step down and ends the program at none.</summary>
    private void Step() => code.Append([0x23, 0, 0x41, 1, 0x6B, 0x24, 0, 0x23, 0, 0x41, 0, 0x48, 0x04, 0x40, 0x00, 0x0B]);

    private void Values(string types)
    {
        foreach (var type in types)
        {
            Expression(type);
        }
    }

    /// <summary>A local of a letter that the program may use, or -1.</summary>
    private int Local(char letter)
    {
        var at = random.Below(temporaries);
        for (var i = 0; i < temporaries; i++)
        {
            var index = (at + i) % temporaries;
            if (locals[index] == letter)
            {
                return index;
            }
        }

        return -1;
    }

    /// <summary>A global of a letter, or -1.</summary>
    private int GlobalOf(char letter)
    {
        var at = random.Below(module.Globals.Length);
        for (var i = 0; i < module.Globals.Length; i++)
        {
            var index = (at + i) % module.Globals.Length;
            if (module.Globals[index] == letter)
            {
                return 1 + index;
            }
        }

        return -1;
    }

    /// <summary>Puts what is on top of the stack into a local of its type, or drops it.</summary>
    private void Take(char letter)
    {
        var local = random.OneIn(4) ? -1 : Local(TypeLetter.IsReference(letter) ? TypeLetter.Nullable(letter) : letter);
        if (local < 0)
        {
            code.Byte(0x1A);
        }
        else
        {
            code.Byte(0x21);
            code.U32(local);
        }
    }

    private void TakeAll(string letters)
    {
        for (var i = letters.Length - 1; i >= 0; i--)
        {
            Take(letters[i]);
        }
    }

    private void Op(OpcodeInfo info)
    {
        var (prefix, number) = ((int)info.Opcode >> 16, (int)info.Opcode & 0xFFFF);
        if (prefix != 0)
        {
            code.Byte(prefix);
            code.U32(number);
        }
        else
        {
            code.Byte(number);
        }
    }

    private void Integer(char letter, long value)
    {
        code.Byte(letter == 'i' ? 0x41 : 0x42);
        code.S64(value);
    }

    /// <summary>Masks the integer on top of the stack.</summary>
    private void Mask(char letter, long mask)
    {
        Integer(letter, mask);
        code.Byte(letter == 'i' ? 0x71 : 0x83);
    }

    public static long Interesting(Prng random, char letter)
    {
        var narrow = letter is 'i' or 'f';
        if (letter is 'f')
        {
            return random.Pick<uint>([0, 0x80000000, 0x3F800000, 0xBF800000, 0x7F800000, 0xFF800000, 0x7FC00000, 0x7FA00000, 0xFFC12345, 1, 0x00800000, 0x7F7FFFFF, 0x4F000000, 0xCF000000, 0x4F800000, 0x5F000000, 0xDF000000, 0x5F800000, 0x3F000000, 0x3FC00000, (uint)random.Next()]);
        }

        if (letter is 'F')
        {
            return (long)random.Pick<ulong>([0, 1UL << 63, 0x3FF0000000000000, 0xBFF0000000000000, 0x7FF0000000000000, 0xFFF0000000000000, 0x7FF8000000000000, 0x7FF4000000000000, 0xFFF8000012345678, 1, 0x0010000000000000, 0x7FEFFFFFFFFFFFFF, 0x41E0000000000000, 0xC1E0000000200000, 0x41F0000000000000, 0x43E0000000000000, 0xC3E0000000000000, 0x43F0000000000000, 0x3FE0000000000000, 0x4004000000000000, random.Next()]);
        }

        var value = random.Below(6) switch
        {
            0 => random.Below(16) - 8,
            1 => 1L << random.Below(64),
            2 => (1L << random.Below(64)) - 1,
            3 => -(1L << random.Below(64)),
            4 => random.Below(65536),
            _ => (long)random.Next(),
        };
        return narrow ? (int)value : value;
    }

    public static void Constant(BinaryBuffer code, Prng random, char letter)
    {
        switch (letter)
        {
            case 'i':
                code.Byte(0x41);
                code.S64((int)Interesting(random, 'i'));
                break;
            case 'I':
                code.Byte(0x42);
                code.S64(Interesting(random, 'I'));
                break;
            case 'f':
                code.Byte(0x43);
                code.Fixed32((uint)Interesting(random, 'f'));
                break;
            case 'F':
                code.Byte(0x44);
                code.Fixed64((ulong)Interesting(random, 'F'));
                break;
            case 'v':
                code.Byte(0xFD);
                code.U32(12);
                if (random.OneIn(2))
                {
                    var lane = random.Pick("iIfF".ToCharArray());
                    for (var i = 0; i < (lane is 'i' or 'f' ? 4 : 2); i++)
                    {
                        if (lane is 'i' or 'f')
                        {
                            code.Fixed32((uint)Interesting(random, lane));
                        }
                        else
                        {
                            code.Fixed64((ulong)Interesting(random, lane));
                        }
                    }
                }
                else
                {
                    code.Fixed64(random.Next());
                    code.Fixed64(random.Next());
                }

                break;
            default:
                code.Byte(0xD0);
                TypeLetter.WriteHeap(code, letter);
                break;
        }
    }
}
