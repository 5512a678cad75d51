using System.Runtime.Intrinsics;
using Sojourn.Wasm.Interpret;
using Sojourn.Wasm.Text.Script;

namespace Sojourn.Wasm.Tests.Spec;

/// <summary>Compares results with what a script says of them.</summary>
internal static class ResultMatcher
{
    public static bool Matches(Value value, ResultPattern pattern) => pattern switch
    {
        ExactResult exact => MatchesExactly(value, exact.Value),
        NanResult nan => value.Kind == (nan.Wide ? WasmTypeKind.F64 : WasmTypeKind.F32) && IsNan(value.Bits, nan.Wide, nan.Form),
        VectorResult vector => value.Kind == WasmTypeKind.V128 && MatchesLanes(value, vector),
        ReferenceResult reference => value.Kind == WasmTypeKind.Reference && MatchesForm(value.Reference, reference.Form),
        EitherResult either => either.Choices.Any(choice => Matches(value, choice)),
        _ => false,
    };

    public static Value ToValue(ScriptValue value) => value.Kind switch
    {
        ScriptValueKind.I32 => Value.FromBits(WasmTypeKind.I32, value.Low),
        ScriptValueKind.I64 => Value.FromBits(WasmTypeKind.I64, value.Low),
        ScriptValueKind.F32 => Value.FromBits(WasmTypeKind.F32, value.Low),
        ScriptValueKind.F64 => Value.FromBits(WasmTypeKind.F64, value.Low),
        ScriptValueKind.V128 => Value.From(Vector128.Create(value.Low, value.High).AsByte()),
        ScriptValueKind.RefNull => Value.FromReference(null),
        _ => Value.FromReference(new HostReference(value.Low)),
    };

    private static bool MatchesExactly(Value value, ScriptValue wanted)
    {
        if (wanted.Kind is ScriptValueKind.RefExtern or ScriptValueKind.RefHost or ScriptValueKind.RefNull)
        {
            return value.Kind == WasmTypeKind.Reference && Equals(value.Reference, ToValue(wanted).Reference);
        }

        return value == ToValue(wanted);
    }

    private static bool MatchesLanes(Value value, VectorResult wanted)
    {
        var bits = value.Vector.AsUInt64();
        for (var i = 0; i < wanted.Lanes.Length; i++)
        {
            var (form, exact) = wanted.Lanes[i];
            var lane = wanted.LaneBits == 64 ? bits[i] : (uint)(bits[i / 2] >> (i % 2 * 32));
            if (form == LaneForm.Exact ? lane != exact : !IsNan(lane, wanted.LaneBits == 64, form))
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsNan(ulong bits, bool wide, LaneForm form)
    {
        var quiet = wide ? 0x7FF8_0000_0000_0000UL : 0x7FC0_0000UL;
        var magnitude = bits & (wide ? 0x7FFF_FFFF_FFFF_FFFFUL : 0x7FFF_FFFFUL);
        return form == LaneForm.NanCanonical ? magnitude == quiet : (magnitude & quiet) == quiet;
    }

    private static bool MatchesForm(object? reference, ReferenceForm form) => form switch
    {
        ReferenceForm.Null => reference is null,
        ReferenceForm.Func => reference is Function,
        ReferenceForm.Extern or ReferenceForm.Any => reference is not null,
        ReferenceForm.Eq => reference is I31Object or GuestObject,
        ReferenceForm.I31 => reference is I31Object,
        ReferenceForm.Struct => reference is StructObject,
        ReferenceForm.Array => reference is ArrayObject,
        _ => reference is ExceptionObject,
    };
}
