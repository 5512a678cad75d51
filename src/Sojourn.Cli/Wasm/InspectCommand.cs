using System.CommandLine;
using System.Text.Json.Nodes;
using Sojourn.Cli.Output;
using Sojourn.Cli.Running;
using Sojourn.Wasm;

namespace Sojourn.Cli.Wasm;

/// <summary><c>sojourn wasm inspect</c>: what a module offers, needs and is made of.</summary>
internal static class InspectCommand
{
    public static Command Create()
    {
        var module = ModuleFile.Argument();
        var command = new Command("inspect", "Show a module's imports, exports, needed capabilities, features and sections.") { module, OutputOption.Create() };
        command.SetRun(async run =>
        {
            var path = run.Get(module)!;
            var bytes = await ModuleFile.ReadAsync(run, path).ConfigureAwait(false);
            var facts = ModuleFile.In(path, () => ModuleFacts.Of(bytes));
            if (run.Format == OutputFormat.Table)
            {
                Print(run.Out, facts);
            }
            else
            {
                run.Results.Document(Document(facts));
            }
        });
        return command;
    }

    private static void Print(TextWriter output, ModuleFacts facts)
    {
        output.WriteLine($"size          {Human.Size(facts.Size)}");
        output.WriteLine($"functions     {facts.Functions} own, {facts.Module.Imports.Count(x => x.Type.Kind == ExternKind.Function)} imported");
        output.WriteLine($"features      {(facts.Features.Count == 0 ? "WebAssembly 1.0 and 2.0 without SIMD" : string.Join(", ", facts.Features))}");
        output.WriteLine($"capabilities  {(facts.Capabilities.Count == 0 ? "none" : string.Join(", ", facts.Capabilities))}");
        output.WriteLine();
        output.WriteLine("sections");
        foreach (var section in facts.Sections)
        {
            output.WriteLine($"  {TerminalText.Safe(section.Name),-24} {Human.Size(section.Length),12}");
        }

        Externs(output, "imports", facts.Module.Imports.Select(x => ($"{x.Module}.{x.Name}", x.Type)));
        Externs(output, "exports", facts.Module.Exports.Select(x => (x.Name, x.Type)));
    }

    private static void Externs(TextWriter output, string title, IEnumerable<(string Name, ExternType Type)> list)
    {
        var items = list.ToArray();
        if (items.Length == 0)
        {
            return;
        }

        output.WriteLine();
        output.WriteLine(title);
        foreach (var (name, type) in items)
        {
            output.WriteLine($"  {Kind(type),-8} {TerminalText.Safe(name)}  {type}");
        }
    }

    private static string Kind(ExternType type) => type.Kind.ToString().ToLowerInvariant();

    private static JsonObject Document(ModuleFacts facts) => new()
    {
        ["size"] = facts.Size,
        ["functions"] = facts.Functions,
        ["features"] = Strings(facts.Features),
        ["capabilities"] = Strings(facts.Capabilities),
        ["sections"] = new JsonArray(facts.Sections.Select(x => (JsonNode)new JsonObject { ["name"] = x.Name, ["size"] = x.Length }).ToArray()),
        ["imports"] = new JsonArray(facts.Module.Imports.Select(x =>
            (JsonNode)new JsonObject { ["module"] = x.Module, ["name"] = x.Name, ["kind"] = Kind(x.Type), ["type"] = x.Type.ToString() }).ToArray()),
        ["exports"] = new JsonArray(facts.Module.Exports.Select(x =>
            (JsonNode)new JsonObject { ["name"] = x.Name, ["kind"] = Kind(x.Type), ["type"] = x.Type.ToString() }).ToArray()),
    };

    private static JsonArray Strings(IEnumerable<string> items) => new(items.Select(x => (JsonNode)JsonValue.Create(x)!).ToArray());
}
