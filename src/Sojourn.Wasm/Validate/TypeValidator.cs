using Sojourn.Wasm.Model;

namespace Sojourn.Wasm.Validate;

/// <summary>Judges the type section.</summary>
/// <remarks>WebAssembly 3.0, validation, types.</remarks>
internal static class TypeValidator
{
    public static void Validate(ModuleContext context)
    {
        var types = context.Module.Types;
        for (var i = 0; i < types.Length; i++)
        {
            var visible = types[i].GroupStart + types[i].GroupLength;
            Scope(types[i], i, visible);
        }

        TypeCanon.Canonicalize(types);
        for (var i = 0; i < types.Length; i++)
        {
            var super = types[i].Supertype;
            if (super < 0)
            {
                continue;
            }

            if (types[super].IsFinal || !Extends(context.Types, types[i].Composite, types[super].Composite))
            {
                throw ModuleValidator.Invalid(0, $"sub type {i} does not match super type {super}");
            }
        }
    }

    private static void Scope(TypeDefinition type, int index, int visible)
    {
        if (type.Supertype != -1 && (uint)type.Supertype >= (uint)index)
        {
            throw ModuleValidator.Invalid(0, $"unknown type {(uint)type.Supertype}: a supertype comes before its subtypes");
        }

        switch (type.Composite)
        {
            case FunctionComposite function:
                foreach (var part in function.Type.Parameters)
                {
                    Check(part, visible);
                }

                foreach (var part in function.Type.Results)
                {
                    Check(part, visible);
                }

                break;
            case StructComposite structure:
                foreach (var field in structure.Fields)
                {
                    Check(field.Type, visible);
                }

                break;
            case ArrayComposite array:
                Check(array.Element.Type, visible);
                break;
        }
    }

    private static void Check(WasmType type, int visible)
    {
        if (type.IsReference && type.Heap.Code >= visible)
        {
            throw ModuleValidator.Invalid(0, $"unknown type {type.Heap.Code}");
        }
    }

    private static bool Extends(TypeSpace types, CompositeType sub, CompositeType super)
    {
        switch (sub, super)
        {
            case (FunctionComposite a, FunctionComposite b):
                if (a.Type.Parameters.Length != b.Type.Parameters.Length || a.Type.Results.Length != b.Type.Results.Length)
                {
                    return false;
                }

                for (var i = 0; i < a.Type.Parameters.Length; i++)
                {
                    if (!types.Matches(b.Type.Parameters[i], a.Type.Parameters[i]))
                    {
                        return false;
                    }
                }

                for (var i = 0; i < a.Type.Results.Length; i++)
                {
                    if (!types.Matches(a.Type.Results[i], b.Type.Results[i]))
                    {
                        return false;
                    }
                }

                return true;
            case (StructComposite a, StructComposite b):
                if (a.Fields.Length < b.Fields.Length)
                {
                    return false;
                }

                for (var i = 0; i < b.Fields.Length; i++)
                {
                    if (!Matches(types, a.Fields[i], b.Fields[i]))
                    {
                        return false;
                    }
                }

                return true;
            case (ArrayComposite a, ArrayComposite b):
                return Matches(types, a.Element, b.Element);
            default:
                return false;
        }
    }

    private static bool Matches(TypeSpace types, FieldType sub, FieldType super) =>
        sub.IsMutable == super.IsMutable && sub.Packed == super.Packed
        && (sub.IsMutable ? types.AreEqual(sub.Type, super.Type) : types.Matches(sub.Type, super.Type));
}
