using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Sojourn.Wasm.Generators;

/// <summary>Writes <c>DefineIn(Linker)</c> for classes marked with <c>[HostModule]</c>: each host function gets a static method that compiled guests call by address.</summary>
[Generator]
public sealed class HostModuleGenerator : IIncrementalGenerator
{
    private const string Host = "global::Sojourn.Wasm.Generated.GeneratedHost";

    /// <inheritdoc/>
    public void Initialize(IncrementalGeneratorInitializationContext context)
    {
        var classes = context.SyntaxProvider
            .ForAttributeWithMetadataName(ClassReader.HostModule, static (node, _) => node is TypeDeclarationSyntax, ClassReader.ReadHost)
            .WithTrackingName("classes");
        context.RegisterSourceOutput(classes.Combine(AllowsUnsafe(context)), static (output, pair) => Output.Give(output, pair.Left, pair.Right, "HostModule", Write));
    }

    internal static IncrementalValueProvider<bool> AllowsUnsafe(IncrementalGeneratorInitializationContext context) =>
        context.CompilationProvider.Select(static (compilation, _) => compilation is not CSharpCompilation { Options.AllowUnsafe: false });

    private static void Write(BoundClass bound, SourceFile into)
    {
        into.Line("/// <summary>Offers the host functions of this class to guests.</summary>");
        into.Line("/// <param name=\"linker\">Where.</param>");
        into.Line("/// <returns>The linker.</returns>");
        into.Open($"public {(bound.IsStatic ? "static " : "")}global::Sojourn.Wasm.Linker DefineIn(global::Sojourn.Wasm.Linker linker)");
        for (var i = 0; i < bound.Methods.Count; i++)
        {
            var method = bound.Methods[i];
            into.Line($"{Host}.Define(linker, {SourceFile.Literal(method.Module)}, {SourceFile.Literal(method.Name)}, \"{method.ParameterLetters}\", \"{method.ResultLetters}\", {(method.IsStatic ? "null" : "this")}, (nint)({method.Pointer})&SojournHost{i}, {(bound.IsStatic ? "" : "this.")}SojournHostByValue{i});");
        }

        into.Line("return linker;");
        into.Close();
        for (var i = 0; i < bound.Methods.Count; i++)
        {
            into.Line();
            ByAddress(bound, bound.Methods[i], i, into);
            into.Line();
            ByValue(bound, bound.Methods[i], i, into);
        }
    }

    // Called by compiled guests.
    private static void ByAddress(BoundClass bound, BoundMethod method, int index, SourceFile into)
    {
        var letters = method.ParameterLetters;
        into.Open($"private static {method.RawResult} SojournHost{index}({string.Concat(letters.Select(static (x, i) => $"{Shape.RawOf(x)} a{i}, "))}nint context)");
        if (method.Parameters.Any(static x => x.IsCaller || x.IsInMemory))
        {
            into.Line($"var caller = {Host}.CallerOf(context);");
        }

        var target = method.IsStatic ? "@" + bound.Name : $"{Host}.Target<@{bound.Name}>(context)";
        Body(target, method, into, static i => $"a{i}", "", static (shape, raw) => shape.FromRaw(raw, Host + ".ToFunction(context, {0})"), results =>
        {
            for (var i = 1; i < results.Count; i++)
            {
                into.Line($"{Host}.Result(context, {i}, {method.Results[i].ToValue(results[i])});");
            }

            if (results.Count > 0)
            {
                into.Line($"return {method.Results[0].ToRaw(results[0], Host + ".ToRecord(context, {0})")};");
            }
        });
        into.Close();
    }

    // Called where there is no machine code: by the interpreter, and by the host itself.
    private static void ByValue(BoundClass bound, BoundMethod method, int index, SourceFile into)
    {
        into.Open($"private {(bound.IsStatic ? "static " : "")}void SojournHostByValue{index}(global::Sojourn.Wasm.Caller caller, global::System.ReadOnlySpan<global::Sojourn.Wasm.Value> arguments, global::System.Span<global::Sojourn.Wasm.Value> results)");
        Body(method.IsStatic ? "@" + bound.Name : "this", method, into, static i => $"arguments[{i}]", ".Int32", static (shape, value) => shape.FromValue(value), results =>
        {
            for (var i = 0; i < results.Count; i++)
            {
                into.Line($"results[{i}] = {method.Results[i].ToValue(results[i])};");
            }
        });
        into.Close();
    }

    private static void Body(string target, BoundMethod method, SourceFile into, Func<int, string> argument, string integer, Func<Shape, string, string> convert, Action<IReadOnlyList<string>> give)
    {
        var arguments = new List<string>();
        var at = 0;
        foreach (var shape in method.Parameters)
        {
            arguments.Add(
                shape.IsCaller ? "caller"
                : shape.IsInMemory ? $"{Host}.{(shape.Letter == 't' ? "Text" : "Bytes")}(caller, {argument(at)}{integer}, {argument(at + 1)}{integer})"
                : convert(shape, argument(at)));
            at += shape.Letters.Length;
        }

        var call = $"{target}.@{method.Method}({string.Join(", ", arguments)})";
        if (method.Results.Count == 0)
        {
            into.Line(call + ";");
            give([]);
            return;
        }

        into.Line($"var result = {call};");
        give(method.Results.Count == 1 ? ["result"] : [.. Enumerable.Range(1, method.Results.Count).Select(static i => $"result.Item{i}")]);
    }
}
