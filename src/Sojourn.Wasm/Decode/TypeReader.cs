using System.Collections.Immutable;
using Sojourn.Wasm.Model;

namespace Sojourn.Wasm.Decode;

/// <summary>Reads types. Whether indices exist is the validator's question; whether a feature is on is asked here.</summary>
/// <remarks>WebAssembly 3.0, binary format, types.</remarks>
internal static class TypeReader
{
    public static WasmType ValueType(ref ByteReader reader, WasmFeatures features)
    {
        var at = reader.Position;
        var code = reader.Byte();
        switch (code)
        {
            case 0x7F: return WasmType.I32;
            case 0x7E: return WasmType.I64;
            case 0x7D: return WasmType.F32;
            case 0x7C: return WasmType.F64;
            case 0x7B:
                Require(features, WasmFeatures.Simd, at);
                return WasmType.V128;
            default:
                reader.Position = at;
                return ReferenceType(ref reader, features);
        }
    }

    public static bool IsValueType(byte code) => code is >= 0x7B and <= 0x7F || IsReferenceType(code);

    public static bool IsReferenceType(byte code) => code is 0x63 or 0x64 or (>= 0x69 and <= 0x74);

    public static WasmType ReferenceType(ref ByteReader reader, WasmFeatures features)
    {
        var at = reader.Position;
        var code = reader.Byte();
        if (code is 0x63 or 0x64)
        {
            Require(features, WasmFeatures.FunctionReferences | WasmFeatures.GarbageCollection, at);
            return WasmType.Reference(HeapType(ref reader, features), code == 0x63);
        }

        if (!IsReferenceType(code))
        {
            throw ByteReader.Malformed(at, $"0x{code:x2} is not a type");
        }

        reader.Position = at;
        return WasmType.Reference(HeapType(ref reader, features), nullable: true);
    }

    public static HeapType HeapType(ref ByteReader reader, WasmFeatures features)
    {
        var at = reader.Position;
        var code = reader.S33();
        if (code >= 0)
        {
            Require(features, WasmFeatures.FunctionReferences | WasmFeatures.GarbageCollection, at);
            if (code > int.MaxValue)
            {
                throw new ModuleException(ModuleFault.Invalid, at, $"unknown type {code}");
            }

            return Wasm.HeapType.Of((int)code);
        }

        if (code < -0x17 || !Wasm.HeapType.IsAbstract((int)code))
        {
            throw ByteReader.Malformed(at, "a heap type was expected");
        }

        var heap = new HeapType((int)code);
        if (heap == Wasm.HeapType.Exn || heap == Wasm.HeapType.NoExn)
        {
            Require(features, WasmFeatures.Exceptions, at);
        }
        else if (heap != Wasm.HeapType.Func && heap != Wasm.HeapType.Extern)
        {
            Require(features, WasmFeatures.GarbageCollection, at);
        }

        return heap;
    }

    public static Limits Limits(ref ByteReader reader, WasmFeatures features)
    {
        var at = reader.Position;
        var flags = reader.Byte();
        if (flags > 7)
        {
            throw ByteReader.Malformed(at, $"malformed limits flags 0x{flags:x2}");
        }

        if ((flags & 2) != 0)
        {
            throw ByteReader.Malformed(at, "malformed limits flags: shared memories are not supported");
        }

        var is64 = (flags & 4) != 0;
        if (is64 && (features & WasmFeatures.Memory64) == 0)
        {
            throw ByteReader.Malformed(at, $"malformed limits flags 0x{flags:x2} (64-bit addresses are not enabled)");
        }

        // With memory64 every limit has 64 bits in the binary format; what a 32-bit memory may ask for is for the validator to say.
        var wide = (features & WasmFeatures.Memory64) != 0;
        var minimum = wide ? reader.U64() : reader.U32();
        ulong? maximum = (flags & 1) == 0 ? null : wide ? reader.U64() : reader.U32();
        return new(minimum, maximum, is64);
    }

    public static TableType TableType(ref ByteReader reader, WasmFeatures features)
    {
        var element = ReferenceType(ref reader, features);
        return new(element, Limits(ref reader, features));
    }

    public static MemoryType MemoryType(ref ByteReader reader, WasmFeatures features) => new(Limits(ref reader, features));

    public static GlobalType GlobalType(ref ByteReader reader, WasmFeatures features)
    {
        var type = ValueType(ref reader, features);
        var at = reader.Position;
        var mutable = reader.Byte();
        if (mutable > 1)
        {
            throw ByteReader.Malformed(at, $"malformed mutability 0x{mutable:x2}");
        }

        return new(type, mutable == 1);
    }

    public static CompositeType Composite(ref ByteReader reader, WasmFeatures features, ModuleLimits limits)
    {
        var at = reader.Position;
        var form = reader.Byte();
        switch (form)
        {
            case 0x60:
                var parameters = Results(ref reader, features, limits);
                return new FunctionComposite(new(parameters, Results(ref reader, features, limits)));
            case 0x5F:
                Require(features, WasmFeatures.GarbageCollection, at);
                var count = reader.Count(10_000, "fields");
                var fields = ImmutableArray.CreateBuilder<FieldType>(count);
                for (var i = 0; i < count; i++)
                {
                    fields.Add(Field(ref reader, features));
                }

                return new StructComposite(fields.MoveToImmutable());
            case 0x5E:
                Require(features, WasmFeatures.GarbageCollection, at);
                return new ArrayComposite(Field(ref reader, features));
            default:
                throw ByteReader.Malformed(at, $"0x{form:x2} is not the form of a type");
        }
    }

    public static void Require(WasmFeatures features, WasmFeatures any, int offset)
    {
        if ((features & any) == 0)
        {
            throw new ModuleException(ModuleFault.UnsupportedFeature, offset, $"{any} is needed here");
        }
    }

    private static ImmutableArray<WasmType> Results(ref ByteReader reader, WasmFeatures features, ModuleLimits limits)
    {
        var count = reader.Count(limits.ParametersMax, "parameters or results");
        if (count == 0)
        {
            return [];
        }

        var types = ImmutableArray.CreateBuilder<WasmType>(count);
        for (var i = 0; i < count; i++)
        {
            types.Add(ValueType(ref reader, features));
        }

        return types.MoveToImmutable();
    }

    private static FieldType Field(ref ByteReader reader, WasmFeatures features)
    {
        var packed = reader.Peek() switch { 0x78 => PackedType.I8, 0x77 => PackedType.I16, _ => PackedType.None };
        WasmType type;
        if (packed == PackedType.None)
        {
            type = ValueType(ref reader, features);
        }
        else
        {
            reader.Position++;
            type = WasmType.I32;
        }

        var at = reader.Position;
        var mutable = reader.Byte();
        return mutable <= 1 ? new(type, packed, mutable == 1) : throw ByteReader.Malformed(at, $"malformed mutability 0x{mutable:x2}");
    }
}
