using System.Text;
using System.Text.Json;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;

namespace Sojourn.Ledger.Ethereum.Generators;

/// <summary>Fills classes marked with <c>[ContractBinding("Name")]</c> from the additional file <c>Name.json</c>: typed calls, results, events and errors, without reflection.</summary>
[Generator(LanguageNames.CSharp)]
public sealed class ContractBindingGenerator : IIncrementalGenerator
{
    private static readonly DiagnosticDescriptor s_unreadable = new("SJABI01", "Unreadable build artefact", "The artefact '{0}' cannot be bound: {1}", "Sojourn", DiagnosticSeverity.Error, isEnabledByDefault: true);

    /// <inheritdoc/>
    public void Initialize(IncrementalGeneratorInitializationContext context)
    {
        var classes = context.SyntaxProvider.ForAttributeWithMetadataName(
            "Sojourn.Ledger.Ethereum.Abi.ContractBindingAttribute",
            static (node, _) => node is ClassDeclarationSyntax,
            static (found, _) => (
                Space: found.TargetSymbol.ContainingNamespace.ToDisplayString(),
                found.TargetSymbol.Name,
                Access: SyntaxFacts.GetText(found.TargetSymbol.DeclaredAccessibility),
                Artifact: (string)found.Attributes[0].ConstructorArguments[0].Value!));
        var files = context.AdditionalTextsProvider
            .Where(static file => file.Path.EndsWith(".json", StringComparison.OrdinalIgnoreCase))
            .Select(static (file, cancellation) => (Name: Path.GetFileNameWithoutExtension(file.Path), Text: file.GetText(cancellation)?.ToString() ?? ""))
            .Collect();
        context.RegisterSourceOutput(classes.Combine(files), static (output, pair) =>
        {
            var (target, all) = pair;
            var text = all.FirstOrDefault(file => file.Name == target.Artifact).Text;
            if (text is null)
            {
                output.ReportDiagnostic(Diagnostic.Create(s_unreadable, Location.None, target.Artifact, "there is no additional file of that name"));
                return;
            }

            try
            {
                var source = new BindingWriter(target.Space, target.Name, target.Access, Artifact.Read(text)).Write();
                output.AddSource($"{target.Space}.{target.Name}.g.cs", SourceText.From(source, Encoding.UTF8));
            }
            catch (Exception exception) when (exception is JsonException or FormatException or KeyNotFoundException or InvalidOperationException)
            {
                output.ReportDiagnostic(Diagnostic.Create(s_unreadable, Location.None, target.Artifact, exception.Message));
            }
        });
    }
}
