using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Sojourn.Wasm.Generators;

/// <summary>Writes the constructor and the methods of classes marked with <c>[GuestExports]</c>: compiled guests are called by address.</summary>
[Generator]
public sealed class GuestExportsGenerator : IIncrementalGenerator
{
    private const string Guest = "global::Sojourn.Wasm.Generated.GeneratedGuest";
    private const string Value = "global::Sojourn.Wasm.Value";

    /// <inheritdoc/>
    public void Initialize(IncrementalGeneratorInitializationContext context)
    {
        var classes = context.SyntaxProvider
            .ForAttributeWithMetadataName(ClassReader.GuestExports, static (node, _) => node is TypeDeclarationSyntax, ClassReader.ReadGuest)
            .WithTrackingName("classes");
        context.RegisterSourceOutput(classes.Combine(HostModuleGenerator.AllowsUnsafe(context)), static (output, pair) => Output.Give(output, pair.Left, pair.Right, "GuestExports", Write));
    }

    private static void Write(BoundClass bound, SourceFile into)
    {
        for (var i = 0; i < bound.Methods.Count; i++)
        {
            into.Line($"private readonly {Guest} sojournGuest{i};");
        }

        into.Line();
        into.Line("/// <summary>Finds the functions and checks their types.</summary>");
        into.Line("/// <param name=\"instance\">The instance that exports them.</param>");
        into.Line("/// <exception cref=\"global::Sojourn.Wasm.LinkException\">One is missing or has another type.</exception>");
        into.Open($"public @{bound.Name}(global::Sojourn.Wasm.Instance instance)");
        for (var i = 0; i < bound.Methods.Count; i++)
        {
            var method = bound.Methods[i];
            into.Line($"sojournGuest{i} = {Guest}.Of(instance, {SourceFile.Literal(method.Name)}, \"{method.ParameterLetters}\", \"{method.ResultLetters}\");");
        }

        into.Close();
        for (var i = 0; i < bound.Methods.Count; i++)
        {
            into.Line();
            Write(bound.Methods[i], $"sojournGuest{i}", into);
        }
    }

    private static void Write(BoundMethod method, string guest, SourceFile into)
    {
        var parameters = method.Names.Zip(method.Parameters, static (name, shape) => $"{shape.Clr} @{name}");
        into.Open($"{method.Declaration}({string.Join(", ", parameters)})");
        into.Line($"var sojournGuest = this.{guest};");
        into.Open("if (!sojournGuest.IsCompiled)");
        ByValue(method, into);
        into.Close();
        into.Line();
        into.Line("var sojournDepth = sojournGuest.Enter();");
        into.Open("try");
        ByAddress(method, into);
        into.Close();
        into.Open("catch (global::System.Exception sojournFault) when (sojournGuest.IsRaw(sojournFault))");
        into.Line("throw sojournGuest.Translate(sojournFault);");
        into.Close();
        into.Open("finally");
        into.Line("sojournGuest.Exit(sojournDepth);");
        into.Close();
        into.Close();
    }

    private static void ByValue(BoundMethod method, SourceFile into)
    {
        var arguments = method.Names.Zip(method.Parameters, static (name, shape) => shape.ToValue("@" + name)).ToList();
        var given = arguments.Count == 0 ? ", default" : $", new {Value}[] {{ {string.Join(", ", arguments)} }}";
        switch (method.Results.Count)
        {
            case 0:
                into.Line($"sojournGuest.Invoke(default{given});");
                into.Line("return;");
                break;
            case 1:
                into.Line($"{Value} sojournResult = default;");
                into.Line($"sojournGuest.Invoke(new global::System.Span<{Value}>(ref sojournResult){given});");
                into.Line($"return {method.Results[0].FromValue("sojournResult")};");
                break;
            default:
                into.Line($"var sojournResults = new {Value}[{method.Results.Count}];");
                into.Line($"sojournGuest.Invoke(sojournResults{given});");
                into.Line($"return ({string.Join(", ", method.Results.Select(static (x, i) => x.FromValue($"sojournResults[{i}]")))});");
                break;
        }
    }

    private static void ByAddress(BoundMethod method, SourceFile into)
    {
        const string FromRecord = "sojournGuest.ToFunction({0})";
        var arguments = string.Concat(method.Names.Zip(method.Parameters, static (name, shape) => shape.ToRaw("@" + name, "sojournGuest.ToRecord({0})") + ", "));
        var call = $"(({method.Pointer})sojournGuest.Code)({arguments}sojournGuest.Context)";
        if (method.Results.Count == 0)
        {
            into.Line(call + ";");
            return;
        }

        into.Line($"var sojournResult = {call};");
        var first = method.Results[0].FromRaw("sojournResult", FromRecord);
        var more = method.Results.Skip(1).Select(static (shape, i) => shape.Letter switch
        {
            'r' => $"sojournGuest.FunctionAt({i + 1})",
            'o' => $"sojournGuest.ObjectAt({i + 1})",
            _ => shape.FromRaw($"sojournGuest.Number<{shape.Raw}>({i + 1})", FromRecord),
        });
        into.Line(method.Results.Count == 1 ? $"return {first};" : $"return ({string.Join(", ", new[] { first }.Concat(more))});");
    }
}
