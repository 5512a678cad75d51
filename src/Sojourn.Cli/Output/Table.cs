namespace Sojourn.Cli.Output;

/// <summary>Prints aligned columns: two spaces between them, no lines, so that <c>awk</c> and people can both read it.</summary>
internal static class Table
{
    /// <summary>Writes headings and rows; nothing at all for no rows.</summary>
    public static void Write<T>(TextWriter output, IReadOnlyList<T> rows, IReadOnlyList<Column<T>> columns)
    {
        var shown = columns.Where(column => !column.OnlyData).ToArray();
        if (rows.Count == 0)
        {
            return;
        }

        var lines = new List<string[]>(rows.Count + 1) { shown.Select(c => c.Heading).ToArray() };
        lines.AddRange(rows.Select(row => shown.Select(c => TerminalText.Safe(c.Show(row))).ToArray()));
        var widths = shown.Select((_, i) => lines.Max(line => line[i].Length)).ToArray();
        foreach (var line in lines)
        {
            var cells = line.Select((cell, i) => shown[i].AlignRight ? cell.PadLeft(widths[i]) : cell.PadRight(widths[i]));
            output.WriteLine(string.Join("  ", cells).TrimEnd());
        }
    }

    /// <summary>Writes one object as <c>key  value</c> lines.</summary>
    public static void WriteOne<T>(TextWriter output, T item, IReadOnlyList<Column<T>> columns)
    {
        var shown = columns.Where(column => !column.OnlyData).ToArray();
        var width = shown.Length == 0 ? 0 : shown.Max(c => c.Heading.Length);
        foreach (var column in shown)
        {
            output.WriteLine($"{column.Heading.ToLowerInvariant().PadRight(width)}  {TerminalText.Safe(column.Show(item))}".TrimEnd());
        }
    }
}
