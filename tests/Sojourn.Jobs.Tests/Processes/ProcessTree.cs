using System.Diagnostics;
using System.Globalization;

namespace Sojourn.Jobs.Tests.Processes;

/// <summary>The processes below another one, as /proc shows them.</summary>
internal static class ProcessTree
{
    /// <summary>Processes below one whose name is this, deepest ones too.</summary>
    public static IReadOnlyList<int> Below(int root, string name)
    {
        var parents = new Dictionary<int, (int Parent, string Name)>();
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var id))
            {
                continue;
            }

            try
            {
                // "pid (name) state parent …"; the name may hold anything but ends at the last parenthesis.
                var stat = File.ReadAllText(Path.Combine(folder, "stat"));
                var end = stat.LastIndexOf(')');
                parents[id] = (int.Parse(stat[(end + 2)..].Split(' ')[1], CultureInfo.InvariantCulture), stat[(stat.IndexOf('(') + 1)..end]);
            }
            catch (IOException)
            {
                // It has ended.
            }
        }

        return [.. parents.Where(pair => pair.Value.Name == name && IsBelow(pair.Key)).Select(pair => pair.Key)];

        bool IsBelow(int id)
        {
            while (parents.TryGetValue(id, out var at) && at.Parent != 0)
            {
                if (at.Parent == root)
                {
                    return true;
                }

                id = at.Parent;
            }

            return false;
        }
    }

    /// <summary>Kills every such process at once.</summary>
    public static int KillBelow(int root, string name)
    {
        var killed = 0;
        foreach (var id in Below(root, name))
        {
            try
            {
                using var process = Process.GetProcessById(id);
                process.Kill();
                killed++;
            }
            catch (ArgumentException)
            {
                // It has ended by itself.
            }
        }

        return killed;
    }
}
