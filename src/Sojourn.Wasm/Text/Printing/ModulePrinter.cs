using System.Globalization;
using System.Text;
using Sojourn.Wasm.Decode;
using Sojourn.Wasm.Model;

namespace Sojourn.Wasm.Text.Printing;

/// <summary>Writes a binary module as text: flat instructions, names from the name section, everything in the order of the binary.</summary>
internal sealed class ModulePrinter
{
    private static readonly string[] Kinds = ["func", "table", "memory", "global", "tag"];

    private readonly StringBuilder output = new();
    private readonly ModuleDefinition module;
    private readonly ModuleIdentifiers names;
    private readonly TypeText types;
    private readonly InstructionText instructions;

    private ModulePrinter(ModuleDefinition module)
    {
        this.module = module;
        names = new(module);
        types = new(names.Types);
        instructions = new(module, names, types, output);
    }

    public static string Print(ReadOnlyMemory<byte> binary)
    {
        var printer = new ModulePrinter(ModuleDecoder.Decode(binary, ModuleOptions.Default with { Features = WasmFeatures.Wasm3 }));
        printer.Module();
        return printer.output.ToString();
    }

    private void Module()
    {
        output.Append("(module");
        if (names.Module is { } name)
        {
            output.Append(' ').Append(name);
        }

        Types();
        Imports();
        Definitions();
        Segments();
        foreach (var custom in module.CustomSections.Where(x => x.Name != "name"))
        {
            Line($";; custom section {StringText.Quote(Encoding.UTF8.GetBytes(custom.Name), text: true)}, {custom.Length} bytes");
        }

        output.Append(module.CustomSections.Any(x => x.Name != "name") ? "\n)\n" : ")\n");
    }

    private void Line(string text) => output.Append("\n  ").Append(text);

    private void Types()
    {
        for (var i = 0; i < module.Types.Length; i++)
        {
            var type = module.Types[i];
            var grouped = type.GroupLength > 1;
            if (grouped && i == type.GroupStart)
            {
                Line("(rec");
            }

            Line($"{(grouped ? "  " : "")}(type {names.Types.Definition(i)} {types.Definition(type)})");
            if (grouped && i == type.GroupStart + type.GroupLength - 1)
            {
                output.Append(')');
            }
        }
    }

    private void Imports()
    {
        var next = new int[Kinds.Length];
        foreach (var import in module.Imports)
        {
            var kind = (int)import.Type.Kind;
            var index = next[kind]++;
            var description = import.Type switch
            {
                FunctionType => $"{names.Functions.Definition(index)} (type {names.Types[import.TypeIndex]})",
                TableType table => $"{names.Tables.Definition(index)} {types.Table(table)}",
                MemoryType memory => $"{names.Memories.Definition(index)} {TypeText.Limits(memory.Limits)}",
                GlobalType global => $"{names.Globals.Definition(index)} {types.Global(global)}",
                _ => $"{names.Tags.Definition(index)} (type {names.Types[import.TypeIndex]})",
            };
            Line($"(import {Name(import.Module)} {Name(import.Name)} ({Kinds[kind]} {description}))");
        }
    }

    private static string Name(string name) => StringText.Quote(Encoding.UTF8.GetBytes(name), text: true);

    private void Definitions()
    {
        for (var i = module.ImportedFunctions; i < module.Functions.Length; i++)
        {
            Function(i, module.Functions[i]);
        }

        for (var i = module.ImportedTables; i < module.Tables.Length; i++)
        {
            Line($"(table {names.Tables.Definition(i)} {types.Table(module.Tables[i].Type)}");
            if (module.Tables[i].Initial is { } initial)
            {
                output.Append(' ');
                instructions.Constant(initial);
            }

            output.Append(')');
        }

        for (var i = module.ImportedMemories; i < module.Memories.Length; i++)
        {
            Line($"(memory {names.Memories.Definition(i)} {TypeText.Limits(module.Memories[i].Limits)})");
        }

        for (var i = module.ImportedTags; i < module.Tags.Length; i++)
        {
            Line($"(tag {names.Tags.Definition(i)} (type {names.Types[module.Tags[i]]}))");
        }

        for (var i = module.ImportedGlobals; i < module.Globals.Length; i++)
        {
            Line($"(global {names.Globals.Definition(i)} {types.Global(module.Globals[i].Type)} ");
            instructions.Constant(module.Globals[i].Initial!.Value);
            output.Append(')');
        }

        foreach (var export in module.Exports)
        {
            var map = export.Kind switch
            {
                ExternKind.Function => names.Functions,
                ExternKind.Table => names.Tables,
                ExternKind.Memory => names.Memories,
                ExternKind.Global => names.Globals,
                _ => names.Tags,
            };
            Line($"(export {Name(export.Name)} ({Kinds[(int)export.Kind]} {map[export.Index]}))");
        }

        if (module.Start is { } start)
        {
            Line($"(start {names.Functions[start]})");
        }
    }

    private void Function(int index, FunctionDefinition function)
    {
        var locals = names.LocalsOf(index);
        Line($"(func {names.Functions.Definition(index)} (type {names.Types[function.TypeIndex]})");
        var local = 0;
        if (module.Types[function.TypeIndex].Function is { } type)
        {
            local = type.Parameters.Length;
            if (Enumerable.Range(0, local).Any(i => names.IsNamed(index, i)))
            {
                // Named parameters are written out; the results then must be too.
                for (var i = 0; i < local; i++)
                {
                    output.Append(CultureInfo.InvariantCulture, $" (param {locals.Definition(i)} {types.Value(type.Parameters[i])})");
                }

                output.Append(types.Signature(type with { Parameters = [] }));
            }
            else if (type.Parameters.Length + type.Results.Length > 0)
            {
                output.Append(types.Signature(type));
            }
        }

        foreach (var run in function.Body!.Locals)
        {
            Locals(index, run, locals, ref local);
        }

        instructions.Body(function.Body.CodeOffset, function.Body.CodeLength, locals, indent: 2);
        output.Append(')');
    }

    private void Locals(int function, LocalRun run, IdentifierMap locals, ref int local)
    {
        if (run.Count == 0)
        {
            return;
        }

        var open = false;
        for (var i = 0; i < run.Count; i++, local++)
        {
            var named = names.IsNamed(function, local);
            if (open && named)
            {
                output.Append(')');
                open = false;
            }

            if (named)
            {
                output.Append("\n    (local ").Append(locals.Definition(local)).Append(' ').Append(types.Value(run.Type)).Append(')');
            }
            else
            {
                output.Append(open ? "" : "\n    (local").Append(' ').Append(types.Value(run.Type));
                open = true;
            }
        }

        output.Append(open ? ")" : "");
    }

    private void Segments()
    {
        for (var i = 0; i < module.Elements.Length; i++)
        {
            var segment = module.Elements[i];
            Line($"(elem {names.Elements.Definition(i)}");
            Place(segment.Mode, segment.Table == 0 ? "" : $" (table {names.Tables[segment.Table]})", segment.Offset);
            if (segment.Functions is { } functions)
            {
                output.Append(" func").Append(string.Concat(functions.Select(x => " " + names.Functions[x])));
            }
            else
            {
                output.Append(' ').Append(types.Value(segment.Type));
                foreach (var expression in segment.Expressions!)
                {
                    output.Append(" (item ");
                    instructions.Constant(expression);
                    output.Append(')');
                }
            }

            output.Append(')');
        }

        for (var i = 0; i < module.Data.Length; i++)
        {
            var segment = module.Data[i];
            Line($"(data {names.Data.Definition(i)}");
            Place(segment.Mode, segment.Memory == 0 ? "" : $" (memory {names.Memories[segment.Memory]})", segment.Offset);
            output.Append(' ').Append(StringText.Quote(module.Bytes.Span.Slice(segment.Start, segment.Length), text: false)).Append(')');
        }
    }

    private void Place(SegmentMode mode, string place, ConstantExpression offset)
    {
        if (mode == SegmentMode.Declarative)
        {
            output.Append(" declare");
        }
        else if (mode == SegmentMode.Active)
        {
            output.Append(place).Append(" (offset ");
            instructions.Constant(offset);
            output.Append(')');
        }
    }
}
