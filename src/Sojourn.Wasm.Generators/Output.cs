using System.Text;
using Microsoft.CodeAnalysis;

namespace Sojourn.Wasm.Generators;

/// <summary>Gives the compiler faults and files.</summary>
internal static class Output
{
    public static void Give(SourceProductionContext output, BoundClass bound, bool allowsUnsafe, string kind, Action<BoundClass, SourceFile> write)
    {
        foreach (var fault in bound.Faults)
        {
            output.ReportDiagnostic(fault.ToDiagnostic());
        }

        if (bound.Faults.Any(static x => x.Id != Faults.Nothing.Id))
        {
            return;
        }

        if (!allowsUnsafe)
        {
            output.ReportDiagnostic(Diagnostic.Create(Faults.NeedsUnsafe, Location.None, bound.Name));
            return;
        }

        output.AddSource(bound.File(kind), Microsoft.CodeAnalysis.Text.SourceText.From(SourceFile.Write(bound, into => write(bound, into)), Encoding.UTF8));
    }
}
