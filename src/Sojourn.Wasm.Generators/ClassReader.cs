using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Sojourn.Wasm.Generators;

/// <summary>Reads marked classes and methods, and finds what is wrong with them.</summary>
internal static class ClassReader
{
    public const string HostModule = "Sojourn.Wasm.HostModuleAttribute";
    public const string HostFunction = "Sojourn.Wasm.HostFunctionAttribute";
    public const string GuestExports = "Sojourn.Wasm.GuestExportsAttribute";
    public const string GuestFunction = "Sojourn.Wasm.GuestFunctionAttribute";
    private const int TupleMax = 7;
    private static readonly SymbolDisplayFormat Typed = SymbolDisplayFormat.FullyQualifiedFormat.AddMiscellaneousOptions(SymbolDisplayMiscellaneousOptions.IncludeNullableReferenceTypeModifier);

    /// <summary>A class whose methods guests may call.</summary>
    public static BoundClass ReadHost(GeneratorAttributeSyntaxContext context, CancellationToken cancellation)
    {
        var type = (INamedTypeSymbol)context.TargetSymbol;
        var module = context.Attributes[0].ConstructorArguments.FirstOrDefault().Value as string;
        var faults = Check(type);
        if (string.IsNullOrEmpty(module))
        {
            faults.Add(Fault.At(type, Faults.Name, "the module's name", type.Name));
        }

        var methods = Read(type, HostFunction, faults, cancellation, (method, marked) => ReadHost(method, marked, module ?? "", faults));
        return Finish(type, methods, faults, "HostFunction");
    }

    /// <summary>A class whose methods call a guest.</summary>
    public static BoundClass ReadGuest(GeneratorAttributeSyntaxContext context, CancellationToken cancellation)
    {
        var type = (INamedTypeSymbol)context.TargetSymbol;
        var faults = Check(type);
        if (type.IsStatic)
        {
            faults.Add(Fault.At(type, Faults.NotAClass, type.Name));
        }

        return Finish(type, Read(type, GuestFunction, faults, cancellation, (method, marked) => ReadGuest(method, marked, faults)), faults, "GuestFunction");
    }

    private static BoundMethod? ReadHost(IMethodSymbol method, AttributeData marked, string module, List<Fault> faults)
    {
        var of = marked.NamedArguments.FirstOrDefault(static x => x.Key == "Module").Value.Value as string ?? module;
        if (of.Length == 0 && module.Length > 0)
        {
            faults.Add(Fault.At(method, Faults.Name, "the module's name", method.Name));
        }

        return Bind(method, of, marked, "", isHost: true, faults);
    }

    private static BoundMethod? ReadGuest(IMethodSymbol method, AttributeData marked, List<Fault> faults)
    {
        var syntax = method.DeclaringSyntaxReferences.Select(static x => x.GetSyntax()).OfType<MethodDeclarationSyntax>().FirstOrDefault();
        if (syntax is null || method.IsStatic || !method.IsPartialDefinition || method.PartialImplementationPart is not null)
        {
            faults.Add(Fault.At(method, Faults.NotAPartialMethod, method.Name));
            return null;
        }

        // The half that is generated repeats the modifiers of the other; "partial" stands last among them.
        var modifiers = string.Join(" ", syntax.Modifiers.Select(static x => x.Text).Where(static x => x is not ("partial" or "unsafe")));
        return Bind(method, "", marked, $"{modifiers} partial {method.ReturnType.ToDisplayString(Typed)} @{method.Name}".TrimStart(), isHost: false, faults);
    }

    private static List<BoundMethod> Read(INamedTypeSymbol type, string attribute, List<Fault> faults, CancellationToken cancellation, Func<IMethodSymbol, AttributeData, BoundMethod?> read)
    {
        var methods = new List<BoundMethod>();
        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var method in type.GetMembers().OfType<IMethodSymbol>())
        {
            cancellation.ThrowIfCancellationRequested();
            var marked = method.GetAttributes().FirstOrDefault(x => x.AttributeClass?.ToDisplayString() == attribute);
            if (marked is null || read(method, marked) is not { } bound)
            {
                continue;
            }

            var key = bound.Module.Length == 0 ? $"\"{bound.Name}\"" : $"\"{bound.Module}\".\"{bound.Name}\"";

            // Two methods may call one export, but one import is one function.
            if (attribute == HostFunction && names.TryGetValue(key, out var other))
            {
                faults.Add(Fault.At(method, Faults.Duplicate, other, method.Name, key));
                continue;
            }

            names[key] = method.Name;
            methods.Add(bound);
        }

        return methods;
    }

    private static BoundMethod? Bind(IMethodSymbol method, string module, AttributeData marked, string declaration, bool isHost, List<Fault> faults)
    {
        var before = faults.Count;
        var name = marked.ConstructorArguments.FirstOrDefault().Value as string ?? method.Name;
        if (method.IsGenericMethod)
        {
            faults.Add(Fault.At(method, Faults.Generic, method.Name));
        }

        var parameters = new List<Shape>();
        foreach (var parameter in method.Parameters)
        {
            if (parameter.RefKind != RefKind.None)
            {
                faults.Add(Fault.At(parameter, Faults.ByReference, parameter.Name, method.Name));
                continue;
            }

            var shape = Shape.Of(parameter.Type);
            if (shape is null || (!isHost && (shape.IsCaller || shape.IsInMemory)))
            {
                var more = isHost ? ", ReadOnlySpan<byte>, Span<byte> or string for bytes in the guest's memory, and Caller first" : "";
                faults.Add(Fault.At(parameter, Faults.Parameter, parameter.Name, method.Name, parameter.Type.ToDisplayString(), more));
                continue;
            }

            if (shape.IsCaller && parameter.Ordinal > 0)
            {
                faults.Add(Fault.At(parameter, Faults.CallerNotFirst, parameter.Name, method.Name));
            }

            parameters.Add(shape);
        }

        var results = ResultsOf(method);
        if (results is null)
        {
            faults.Add(Fault.At(method, Faults.Result, method.Name, (method.ReturnsByRef || method.ReturnsByRefReadonly ? "ref " : "") + method.ReturnType.ToDisplayString()));
        }

        return faults.Count > before ? null : new(method.Name, module, name, declaration, method.IsStatic, new(method.Parameters.Select(static x => x.Name)), new(parameters), new(results!));
    }

    private static List<Shape>? ResultsOf(IMethodSymbol method)
    {
        if (method.ReturnsVoid)
        {
            // What an async method without a task does after its first wait would run beside the guest.
            return method.IsAsync ? null : [];
        }

        if (method.ReturnsByRef || method.ReturnsByRefReadonly)
        {
            return null;
        }

        var types = method.ReturnType is INamedTypeSymbol { IsTupleType: true } tuple ? [.. tuple.TupleElements.Select(static x => x.Type)] : new List<ITypeSymbol> { method.ReturnType };
        var shapes = types.Select(Shape.Of).OfType<Shape>().ToList();
        return shapes.Count != types.Count || shapes.Count > TupleMax || shapes.Any(static x => x.IsCaller || x.IsInMemory) ? null : shapes;
    }

    private static List<Fault> Check(INamedTypeSymbol type)
    {
        var faults = new List<Fault>();
        for (var at = type; at is not null; at = at.ContainingType)
        {
            if (at.DeclaringSyntaxReferences.Select(static x => x.GetSyntax()).OfType<TypeDeclarationSyntax>().Any(static x => !x.Modifiers.Any(SyntaxKind.PartialKeyword)))
            {
                faults.Add(Fault.At(type, Faults.NotPartial, type.Name));
                break;
            }
        }

        for (var at = type; at is not null; at = at.ContainingType)
        {
            if (at.IsGenericType)
            {
                faults.Add(Fault.At(type, Faults.Generic, type.Name));
                break;
            }
        }

        return faults;
    }

    private static BoundClass Finish(INamedTypeSymbol type, List<BoundMethod> methods, List<Fault> faults, string attribute)
    {
        if (methods.Count == 0 && faults.Count == 0)
        {
            faults.Add(Fault.At(type, Faults.Nothing, type.Name, attribute));
        }

        var containers = new List<string>();
        for (var at = type.ContainingType; at is not null; at = at.ContainingType)
        {
            containers.Insert(0, Declare(at));
        }

        return new(type.ContainingNamespace.IsGlobalNamespace ? "" : type.ContainingNamespace.ToDisplayString(), new(containers), Declare(type), type.Name, type.IsStatic, new(methods), new(faults));
    }

    private static string Declare(INamedTypeSymbol type) =>
        "partial " + (type.IsRecord ? "record " : "") + type.TypeKind switch
        {
            TypeKind.Struct => "struct",
            TypeKind.Interface => "interface",
            _ => "class",
        } + " @" + type.Name;
}
