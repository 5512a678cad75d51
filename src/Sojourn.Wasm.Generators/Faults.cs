using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Text;

namespace Sojourn.Wasm.Generators;

/// <summary>What the generators refuse, and why.</summary>
internal static class Faults
{
    private const string Category = "Sojourn.Wasm";
    private const string Types = "int, uint, long, ulong, float, double, bool, Vector128<byte>, Function or object";

    public static readonly DiagnosticDescriptor NotPartial = Error("SJW001", "The class must be partial", "\"{0}\" must be a partial class, inside partial classes only, since its other half is generated");
    public static readonly DiagnosticDescriptor Generic = Error("SJW002", "Generic types and methods have no WebAssembly type", "\"{0}\" is generic, or inside a generic class: a guest knows no type parameters");
    public static readonly DiagnosticDescriptor Parameter = Error("SJW003", "The parameter's type has no WebAssembly type", "parameter \"{0}\" of \"{1}\" is {2}, which has no WebAssembly type: use " + Types + "{3}");
    public static readonly DiagnosticDescriptor Result = Error("SJW004", "The result's type has no WebAssembly type", "\"{0}\" gives {1}, which has no WebAssembly type: use " + Types + ", a tuple of at most seven of them, or void");
    public static readonly DiagnosticDescriptor Duplicate = Error("SJW005", "Two functions have one name", "\"{0}\" and \"{1}\" would both be {2}");
    public static readonly DiagnosticDescriptor ByReference = Error("SJW006", "Guests hand over values", "parameter \"{0}\" of \"{1}\" is handed over by reference: a guest has no references to variables of the host");
    public static readonly DiagnosticDescriptor NeedsUnsafe = Error("SJW007", "Generated code needs AllowUnsafeBlocks", "the code generated for \"{0}\" calls by address: set <AllowUnsafeBlocks>true</AllowUnsafeBlocks> in the project");
    public static readonly DiagnosticDescriptor CallerNotFirst = Error("SJW008", "The caller comes first", "parameter \"{0}\" of \"{1}\" is the Caller, which must come first");
    public static readonly DiagnosticDescriptor NotAPartialMethod = Error("SJW009", "The method must be partial, of the instance and without a body", "\"{0}\" must be a partial method of the instance without a body: it is generated");
    public static readonly DiagnosticDescriptor Nothing = new("SJW010", "The class marks no method", "\"{0}\" marks no method with [{1}]", Category, DiagnosticSeverity.Warning, isEnabledByDefault: true);
    public static readonly DiagnosticDescriptor Name = Error("SJW011", "The name is missing", "{0} of \"{1}\" must not be empty or null");
    public static readonly DiagnosticDescriptor NotAClass = Error("SJW012", "Guests' exports belong to an instance", "\"{0}\" must not be static: it holds the instance whose functions it calls");

    private static DiagnosticDescriptor Error(string id, string title, string message) => new(id, title, message, Category, DiagnosticSeverity.Error, isEnabledByDefault: true);
}

/// <summary>A fault where it was found, in a form that can be compared.</summary>
internal sealed record Fault(string Id, string File, TextSpan Span, LinePositionSpan Lines, EquatableList<string> Arguments)
{
    public static Fault At(ISymbol symbol, DiagnosticDescriptor descriptor, params string[] arguments)
    {
        var location = symbol.Locations.FirstOrDefault(static x => x.IsInSource) ?? Location.None;
        return new(descriptor.Id, location.SourceTree?.FilePath ?? "", location.SourceSpan, location.GetLineSpan().Span, new(arguments));
    }

    public Diagnostic ToDiagnostic() => Diagnostic.Create(Descriptor, File.Length == 0 ? Location.None : Location.Create(File, Span, Lines), [.. Arguments]);

    private DiagnosticDescriptor Descriptor => Id switch
    {
        "SJW001" => Faults.NotPartial,
        "SJW002" => Faults.Generic,
        "SJW003" => Faults.Parameter,
        "SJW004" => Faults.Result,
        "SJW005" => Faults.Duplicate,
        "SJW006" => Faults.ByReference,
        "SJW007" => Faults.NeedsUnsafe,
        "SJW008" => Faults.CallerNotFirst,
        "SJW009" => Faults.NotAPartialMethod,
        "SJW010" => Faults.Nothing,
        "SJW011" => Faults.Name,
        _ => Faults.NotAClass,
    };
}
