using Sojourn.Wasm.Decode;
using Sojourn.Wasm.Model;

namespace Sojourn.Wasm.Validate;

/// <summary>Judges a decoded module by the rules of validation.</summary>
/// <remarks>WebAssembly 3.0, validation, modules.</remarks>
internal static class ModuleValidator
{
    public static void Validate(ModuleDefinition module, ModuleOptions options)
    {
        var context = new ModuleContext(module, options);
        TypeValidator.Validate(context);
        Externs(context);
        Globals(context);
        Tables(context);
        Exports(context);
        Segments(context);
        if (module.Start is { } start)
        {
            context.CheckIndex(start, module.Functions.Length, "function", 0);
            var type = module.FunctionTypeOf(start);
            if (type.Parameters.Length != 0 || type.Results.Length != 0)
            {
                throw Invalid(0, $"start function: {type} instead of [] -> []");
            }
        }

        Run.FunctionWork.Run(module.ImportedFunctions, module.Functions.Length, module.Bytes.Length, () => new FunctionValidator(context).Validate);
    }

    public static ModuleException Invalid(int offset, string expected) => new(ModuleFault.Invalid, offset, expected);

    private static void Externs(ModuleContext context)
    {
        var module = context.Module;
        if (module.Memories.Length > 1 && (context.Options.Features & WasmFeatures.MultiMemory) == 0)
        {
            throw Invalid(0, "multiple memories");
        }

        foreach (var memory in module.Memories)
        {
            Check(memory.Limits, memory.Limits.Is64Bit ? 1UL << 48 : 1UL << 16, "memory size must be at most 65536 pages (4 GiB)");
        }

        foreach (var table in module.Tables)
        {
            Check(table.Type.Limits, table.Type.Limits.Is64Bit ? ulong.MaxValue : uint.MaxValue, "table size");
            context.CheckType(table.Type.Element, 0);
        }

        foreach (var tag in module.Tags)
        {
            if (module.Types[tag].Function!.Results.Length != 0)
            {
                throw Invalid(0, "non-empty tag result type");
            }
        }
    }

    private static void Check(Limits limits, ulong most, string what)
    {
        if (limits.Minimum > most || limits.Maximum > most)
        {
            throw Invalid(0, what);
        }

        if (limits.Maximum < limits.Minimum)
        {
            throw Invalid(0, "size minimum must not be greater than maximum");
        }
    }

    private static void Globals(ModuleContext context)
    {
        var module = context.Module;
        for (var i = 0; i < module.Globals.Length; i++)
        {
            var global = module.Globals[i];
            context.CheckType(global.Type.Type, 0);
            if (global.Initial is { } initial)
            {
                var visible = (context.Options.Features & WasmFeatures.GarbageCollection) != 0 ? i : module.ImportedGlobals;
                ConstantValidator.Validate(context, initial, global.Type.Type, visible);
            }
        }
    }

    private static void Tables(ModuleContext context)
    {
        var module = context.Module;
        for (var i = module.ImportedTables; i < module.Tables.Length; i++)
        {
            var table = module.Tables[i];
            if (table.Initial is { } initial)
            {
                // Tables come before globals: their initial values see the imported ones only.
                ConstantValidator.Validate(context, initial, table.Type.Element, module.ImportedGlobals);
            }
            else if (!table.Type.Element.IsDefaultable)
            {
                throw Invalid(0, "type mismatch: a table of non-nullable references needs an initial value");
            }
        }
    }

    private static void Exports(ModuleContext context)
    {
        var module = context.Module;
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var export in module.Exports)
        {
            if (!names.Add(export.Name))
            {
                throw Invalid(0, $"duplicate export name \"{export.Name}\"");
            }

            var (count, what) = export.Kind switch
            {
                ExternKind.Function => (module.Functions.Length, "function"),
                ExternKind.Table => (module.Tables.Length, "table"),
                ExternKind.Memory => (module.Memories.Length, "memory"),
                ExternKind.Global => (module.Globals.Length, "global"),
                _ => (module.Tags.Length, "tag"),
            };
            context.CheckIndex(export.Index, count, what, 0);
            if (export.Kind == ExternKind.Function)
            {
                module.DeclaredFunctions.Add(export.Index);
            }
        }
    }

    private static void Segments(ModuleContext context)
    {
        var module = context.Module;
        foreach (var segment in module.Elements)
        {
            context.CheckType(segment.Type, 0);
            if (segment.Functions is { } functions)
            {
                foreach (var index in functions)
                {
                    context.CheckIndex(index, module.Functions.Length, "function", 0);
                }
            }
            else
            {
                foreach (var expression in segment.Expressions!)
                {
                    ConstantValidator.Validate(context, expression, segment.Type, context.ConstantGlobals);
                }
            }

            if (segment.Mode == SegmentMode.Active)
            {
                context.CheckIndex(segment.Table, module.Tables.Length, "table", segment.Offset.Offset);
                var table = module.Tables[segment.Table].Type;
                if (!context.Types.Matches(segment.Type, table.Element))
                {
                    throw Invalid(segment.Offset.Offset, $"type mismatch: elements of {segment.Type} for a table of {table.Element}");
                }

                ConstantValidator.Validate(context, segment.Offset, table.Limits.Is64Bit ? WasmType.I64 : WasmType.I32, context.ConstantGlobals);
            }
        }

        foreach (var segment in module.Data)
        {
            if (segment.Mode == SegmentMode.Active)
            {
                context.CheckIndex(segment.Memory, module.Memories.Length, "memory", segment.Offset.Offset);
                ConstantValidator.Validate(context, segment.Offset, context.AddressType(segment.Memory), context.ConstantGlobals);
            }
        }
    }
}
