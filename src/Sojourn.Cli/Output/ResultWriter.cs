using System.Text.Json.Nodes;

namespace Sojourn.Cli.Output;

/// <summary>Prints a command's result on standard output in the format asked for.</summary>
/// <param name="output">Standard output.</param>
/// <param name="format">Table, JSON or YAML.</param>
internal sealed class ResultWriter(TextWriter output, OutputFormat format)
{
    /// <summary>Prints a list.</summary>
    /// <param name="rows">The rows, already in the order to show.</param>
    /// <param name="columns">The columns.</param>
    public void List<T>(IReadOnlyList<T> rows, params IReadOnlyList<Column<T>> columns)
    {
        if (format == OutputFormat.Table)
        {
            Table.Write(output, rows, columns);
        }
        else
        {
            Document(new JsonArray(rows.Select(row => (JsonNode?)Object(row, columns)).ToArray()));
        }
    }

    /// <summary>Prints one object.</summary>
    /// <param name="item">The object.</param>
    /// <param name="columns">Its fields.</param>
    public void One<T>(T item, params IReadOnlyList<Column<T>> columns)
    {
        if (format == OutputFormat.Table)
        {
            Table.WriteOne(output, item, columns);
        }
        else
        {
            Document(Object(item, columns));
        }
    }

    /// <summary>Prints a JSON value as JSON or YAML.</summary>
    public void Document(JsonNode? node)
        => output.Write(format == OutputFormat.Yaml ? Yaml.Print(node) : JsonText.Print(node));

    private static JsonObject Object<T>(T row, IReadOnlyList<Column<T>> columns)
    {
        var fields = new JsonObject();
        foreach (var column in columns)
        {
            fields[column.Key] = column.Value(row);
        }

        return fields;
    }
}
