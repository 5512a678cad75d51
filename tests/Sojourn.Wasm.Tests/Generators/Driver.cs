using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Sojourn.Wasm.Generators;

namespace Sojourn.Wasm.Tests.Generators;

/// <summary>Runs the source generators over a program, as the compiler does.</summary>
internal static class Driver
{
    private static readonly ImmutableArray<MetadataReference> References =
    [
        .. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Where(x => Path.GetFileName(x) is var name && (name.StartsWith("System.", StringComparison.Ordinal) || name is "Sojourn.Wasm.dll"))
            .Select(x => MetadataReference.CreateFromFile(x)),
    ];

    /// <summary>What was said and written, and the program with it.</summary>
    public sealed record Outcome(ImmutableArray<Diagnostic> Said, ImmutableArray<string> Written, Compilation Program)
    {
        /// <summary>What the compiler says of the whole.</summary>
        public IEnumerable<Diagnostic> Errors => Program.GetDiagnostics().Where(x => x.Severity >= DiagnosticSeverity.Warning);
    }

    public static Outcome Run(string source, bool allowUnsafe = true)
    {
        CSharpGeneratorDriver.Create(new HostModuleGenerator(), new GuestExportsGenerator()).RunGeneratorsAndUpdateCompilation(Compile(source, allowUnsafe), out var program, out var said);
        return new(said, [.. program.SyntaxTrees.Skip(1).Select(x => x.ToString())], program);
    }

    public static CSharpCompilation Compile(string source, bool allowUnsafe = true) =>
        CSharpCompilation.Create(
            "program",
            [CSharpSyntaxTree.ParseText("using System; using System.Runtime.Intrinsics; using System.Threading.Tasks; using Sojourn.Wasm;\n" + source, path: "Program.cs")],
            References,
            new(OutputKind.DynamicallyLinkedLibrary, allowUnsafe: allowUnsafe, checkOverflow: true, nullableContextOptions: NullableContextOptions.Enable));
}
