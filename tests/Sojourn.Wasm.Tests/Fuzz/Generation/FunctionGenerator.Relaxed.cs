using Sojourn.Wasm.Model;

namespace Sojourn.Wasm.Tests.Fuzz.Generation;

/// <content>Operands of relaxed vector instructions for which every implementation that is allowed gives the same result.</content>
internal sealed partial class FunctionGenerator
{
    private void RelaxedOperands(OpcodeInfo info)
    {
        var dot = info.Name.IndexOf('.', StringComparison.Ordinal);
        var (shape, operation) = (info.Name[..dot], info.Name[(dot + 1)..]);
        if (operation.EndsWith("swizzle", StringComparison.Ordinal))
        {
            Expression('v');
            MaskedBytes(0x0F);
        }
        else if (operation.EndsWith("laneselect", StringComparison.Ordinal))
        {
            Expression('v');
            Expression('v');

            // A comparison of lanes: all ones or none.
            Expression('v');
            Expression('v');
            code.Byte(0xFD);
            code.U32(shape switch { "i8x16" => 0x25, "i16x8" => 0x2F, "i32x4" => 0x39, _ => 0xD8 });
        }
        else if (operation.StartsWith("relaxed_trunc", StringComparison.Ordinal))
        {
            SmallFloats(operation.Contains("f32x4", StringComparison.Ordinal), shift: 8, signed: false);
        }
        else if (operation.Contains("madd", StringComparison.Ordinal) || operation.EndsWith("min", StringComparison.Ordinal) || operation.EndsWith("max", StringComparison.Ordinal))
        {
            // Small integers: products and sums are exact, and there is neither a NaN nor a negative zero.
            for (var i = operation.Contains("madd", StringComparison.Ordinal) ? 3 : 2; i > 0; i--)
            {
                SmallFloats(shape == "f32x4", shift: 21, signed: true);
            }
        }
        else if (operation.Contains("q15mulr", StringComparison.Ordinal))
        {
            for (var i = 0; i < 2; i++)
            {
                Expression('v');
                code.Append([0x41, 1, 0xFD]);
                code.U32(0x8D);
            }
        }
        else
        {
            Expression('v');
            MaskedBytes(0x7F);
            if (info.Signature.StartsWith("vvv", StringComparison.Ordinal))
            {
                Expression('v');
            }
        }
    }

    private void MaskedBytes(byte mask)
    {
        Expression('v');
        code.Append([0xFD, 12]);
        for (var i = 0; i < 16; i++)
        {
            code.Byte(mask);
        }

        code.Append([0xFD, 0x4E]);
    }

    private void SmallFloats(bool single, int shift, bool signed)
    {
        Expression('v');
        Integer('i', shift);
        code.Byte(0xFD);
        code.U32(signed ? 0xAC : 0xAD);
        code.Byte(0xFD);
        code.U32(single ? 0xFA : 0xFE);
    }
}
