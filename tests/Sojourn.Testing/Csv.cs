namespace Sojourn.Testing;

/// <summary>Reads the small comma-separated vector files (quoted fields may hold commas and backslash escapes).</summary>
public static class Csv
{
    /// <summary>The rows, header first; fields are trimmed and unquoted, escapes are kept as written.</summary>
    /// <param name="path">The file.</param>
    public static IEnumerable<string[]> Rows(string path)
    {
        foreach (var line in File.ReadLines(path))
        {
            if (line.Trim().Length > 0)
            {
                yield return Split(line);
            }
        }
    }

    private static string[] Split(string line)
    {
        var fields = new List<string>();
        var field = new System.Text.StringBuilder();
        var quoted = false;
        foreach (var c in line)
        {
            if (c == '"')
            {
                quoted = !quoted;
            }
            else if (c == ',' && !quoted)
            {
                fields.Add(field.ToString().Trim());
                field.Clear();
            }
            else if (quoted || !char.IsWhiteSpace(c) || field.Length > 0)
            {
                field.Append(c);
            }
        }

        fields.Add(field.ToString());
        return [.. fields];
    }
}
