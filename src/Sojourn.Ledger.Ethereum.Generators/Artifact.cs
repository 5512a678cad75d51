using System.Collections.Immutable;
using System.Text.Json;

namespace Sojourn.Ledger.Ethereum.Generators;

/// <summary>What the generator reads of a build artefact.</summary>
internal sealed record Artifact(ImmutableArray<Entry> Entries, string Bytecode)
{
    /// <summary>Reads an artefact: <c>abi</c>, and <c>bytecode</c> as text or as <c>{ "object": … }</c>.</summary>
    public static Artifact Read(string text)
    {
        using var document = JsonDocument.Parse(text);
        var root = document.RootElement;
        var entries = ImmutableArray.CreateBuilder<Entry>();
        foreach (var item in root.GetProperty("abi").EnumerateArray())
        {
            var kind = item.GetProperty("type").GetString()!;
            entries.Add(new Entry(kind, item.TryGetProperty("name", out var name) ? name.GetString()! : "", Parameters(item, "inputs"), Parameters(item, "outputs"),
                item.TryGetProperty("anonymous", out var anonymous) && anonymous.GetBoolean()));
        }

        var bytecode = "";
        if (root.TryGetProperty("bytecode", out var code))
        {
            bytecode = (code.ValueKind == JsonValueKind.Object ? code.GetProperty("object").GetString() : code.GetString()) ?? "";
        }

        return new Artifact(entries.ToImmutable(), bytecode.StartsWith("0x", StringComparison.Ordinal) ? bytecode[2..] : bytecode);
    }

    private static ImmutableArray<Parameter> Parameters(JsonElement item, string name)
    {
        if (!item.TryGetProperty(name, out var list))
        {
            return [];
        }

        var parameters = ImmutableArray.CreateBuilder<Parameter>();
        foreach (var parameter in list.EnumerateArray())
        {
            parameters.Add(new Parameter(
                parameter.TryGetProperty("name", out var text) ? text.GetString() ?? "" : "",
                parameter.GetProperty("type").GetString()!,
                parameter.TryGetProperty("internalType", out var inner) ? inner.GetString() ?? "" : "",
                parameter.TryGetProperty("indexed", out var indexed) && indexed.GetBoolean(),
                Parameters(parameter, "components")));
        }

        return parameters.ToImmutable();
    }
}

/// <summary>A function, event, error or constructor.</summary>
internal sealed record Entry(string Kind, string Name, ImmutableArray<Parameter> Inputs, ImmutableArray<Parameter> Outputs, bool Anonymous)
{
    public string Signature => $"{Name}({string.Join(",", Inputs.Select(input => input.Canonical))})";
}

/// <summary>A parameter, field or result.</summary>
internal sealed record Parameter(string Name, string Type, string InternalType, bool Indexed, ImmutableArray<Parameter> Components)
{
    /// <summary>The type as selectors hash it.</summary>
    public string Canonical => Type.StartsWith("tuple", StringComparison.Ordinal) ? $"({string.Join(",", Components.Select(part => part.Canonical))}){Type[5..]}" : Type;
}
