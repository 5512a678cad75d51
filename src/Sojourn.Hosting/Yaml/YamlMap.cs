using System.Globalization;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlDotNet.RepresentationModel;

namespace Sojourn.Hosting.Yaml;

/// <summary>
/// A mapping of a YAML file, read strictly: each key is taken by name, and <see cref="Done"/> refuses those that nobody took,
/// naming the nearest key that exists. Keys are compared without case.
/// </summary>
public sealed class YamlMap
{
    private const int CharsMax = 1 << 20;
    private const int DepthMax = 32;

    private readonly YamlMappingNode _node;
    private readonly HashSet<string> _known = new(StringComparer.OrdinalIgnoreCase);

    private YamlMap(string file, string path, YamlMappingNode node)
    {
        File = file;
        Path = path;
        _node = node;
    }

    /// <summary>The file's name, for messages.</summary>
    public string File { get; }

    /// <summary>Where in the file this mapping stands, e.g. <c>Tasks[0].Engine</c>; empty for the root.</summary>
    public string Path { get; }

    /// <summary>The mapping's line.</summary>
    public long Line => _node.Start.Line;

    /// <summary>Reads a file's text, which must be one mapping. At most 1 MiB; anchors and aliases are refused.</summary>
    /// <param name="file">The name to show.</param>
    /// <param name="text">The YAML text.</param>
    /// <exception cref="YamlFileException">It is not YAML, not a mapping, or too long.</exception>
    public static YamlMap Parse(string file, string text)
    {
        if (text.Length > CharsMax)
        {
            throw new YamlFileException(file, 1, $"the file has {text.Length} characters; at most {CharsMax} are read");
        }

        CheckEvents(file, text);
        var stream = new YamlStream();
        Guarded(file, () => 1, () => stream.Load(NewParser(text)));
        if (stream.Documents.Count != 1 || stream.Documents[0].RootNode is not YamlMappingNode root)
        {
            throw new YamlFileException(file, 1, "one mapping (lines of 'Key: value') was expected");
        }

        return new YamlMap(file, "", root);
    }

    private static Parser NewParser(string text) => new(new Scanner(new StringReader(text), skipComments: true));

    /// <summary>Looks at the events one after another, before a tree is built: building it calls itself for each level.</summary>
    private static void CheckEvents(string file, string text)
    {
        var parser = NewParser(text);
        var depth = 0;
        Guarded(file, () => parser.Current?.End.Line ?? 1, () =>
        {
            while (parser.MoveNext())
            {
                var now = parser.Current!;
                if (now is AnchorAlias or NodeEvent { Anchor.IsEmpty: false })
                {
                    throw new YamlFileException(file, now.Start.Line, "anchors and aliases are not taken");
                }

                depth += now.NestingIncrease;
                if (depth > DepthMax)
                {
                    throw new YamlFileException(file, now.Start.Line, $"the file nests deeper than {DepthMax} levels");
                }
            }
        });
    }

    /// <summary>The YAML library answers some malformed texts with an exception of its own kind, and some with what its own code ran into.</summary>
    private static void Guarded(string file, Func<long> line, Action read)
    {
        try
        {
            read();
        }
        catch (YamlException e)
        {
            throw new YamlFileException(file, e.Start.Line, $"this is not YAML: {e.Message}");
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException or IndexOutOfRangeException or NullReferenceException)
        {
            throw new YamlFileException(file, line(), "this is not YAML: a key, a value or a bracket is missing near this line");
        }
    }

    /// <summary>A text value, or null where the key is absent or empty.</summary>
    /// <param name="key">The key.</param>
    public string? Text(string key) => Find(key) switch
    {
        null => null,
        YamlScalarNode { Value: null or "" or "~" or "null" } => null,
        YamlScalarNode scalar => scalar.Value,
        var other => throw Wrong(other, key, "a single value"),
    };

    /// <summary>A text value that must be there.</summary>
    /// <param name="key">The key.</param>
    public string Required(string key) => Text(key) ?? throw new YamlFileException(File, Line, $"{Full(key)} is missing");

    /// <summary>A whole number within bounds, or null where the key is absent.</summary>
    /// <param name="key">The key.</param>
    /// <param name="least">The least value taken.</param>
    /// <param name="greatest">The greatest value taken.</param>
    public long? Number(string key, long least, long greatest)
    {
        if (Text(key) is not { } text)
        {
            return null;
        }

        return long.TryParse(text.Replace("_", "", StringComparison.Ordinal), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) && value >= least && value <= greatest
            ? value
            : throw Wrong(Find(key)!, key, $"a whole number from {least} to {greatest}, not '{text}'");
    }

    /// <summary>A yes or no, or null where the key is absent.</summary>
    /// <param name="key">The key.</param>
    public bool? Flag(string key) => Text(key)?.ToLowerInvariant() switch
    {
        null => null,
        "true" or "yes" or "on" => true,
        "false" or "no" or "off" => false,
        var other => throw Wrong(Find(key)!, key, $"true or false, not '{other}'"),
    };

    /// <summary>One of some words, or null where the key is absent.</summary>
    /// <typeparam name="T">An enum; its names are matched without case, with or without hyphens.</typeparam>
    /// <param name="key">The key.</param>
    public T? Word<T>(string key)
        where T : struct, Enum
    {
        if (Text(key) is not { } text)
        {
            return null;
        }

        foreach (var value in Enum.GetValues<T>())
        {
            if (string.Equals(value.ToString(), text.Replace("-", "", StringComparison.Ordinal), StringComparison.OrdinalIgnoreCase))
            {
                return value;
            }
        }

        var words = Enum.GetNames<T>().Select(name => name.ToLowerInvariant()).ToArray();
        var near = NearestWord.Of(text, words);
        throw Wrong(Find(key)!, key, $"one of {string.Join(", ", words)}, not '{text}'{(near is null ? "" : $" (did you mean {near}?)")}");
    }

    /// <summary>A length of time such as <c>30s</c>, <c>5m</c>, <c>2h</c>, <c>250ms</c>; a bare number is seconds. Null where absent.</summary>
    /// <param name="key">The key.</param>
    public TimeSpan? Duration(string key)
    {
        if (Text(key) is not { } text)
        {
            return null;
        }

        var digits = text.TakeWhile(c => char.IsAsciiDigit(c) || c == '.').Count();
        if (double.TryParse(text.AsSpan(0, digits), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) && number < 1e9)
        {
            switch (text[digits..])
            {
                case "ms": return TimeSpan.FromMilliseconds(number);
                case "" or "s": return TimeSpan.FromSeconds(number);
                case "m": return TimeSpan.FromMinutes(number);
                case "h": return TimeSpan.FromHours(number);
                case "d": return TimeSpan.FromDays(number);
            }
        }

        throw Wrong(Find(key)!, key, $"a length of time such as 30s, 5m, 2h, not '{text}'");
    }

    /// <summary>A size such as <c>64MB</c>, <c>1GiB</c>, <c>4096</c> (bytes). Decimal and binary prefixes are told apart. Null where absent.</summary>
    /// <param name="key">The key.</param>
    public long? Size(string key)
    {
        if (Text(key) is not { } text)
        {
            return null;
        }

        var digits = text.TakeWhile(c => char.IsAsciiDigit(c) || c == '.').Count();
        long unit = text[digits..].Trim().ToLowerInvariant() switch
        {
            "" or "b" => 1,
            "kb" => 1000,
            "mb" => 1000_000,
            "gb" => 1000_000_000,
            "tb" => 1000_000_000_000,
            "kib" or "k" => 1L << 10,
            "mib" or "m" => 1L << 20,
            "gib" or "g" => 1L << 30,
            "tib" or "t" => 1L << 40,
            _ => 0,
        };
        return unit > 0 && decimal.TryParse(text.AsSpan(0, digits), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) && number * unit <= long.MaxValue
            ? (long)(number * unit)
            : throw Wrong(Find(key)!, key, $"a size such as 64MiB or 1GB, not '{text}'");
    }

    /// <summary>A mapping, or null where the key is absent.</summary>
    /// <param name="key">The key.</param>
    public YamlMap? Map(string key) => Find(key) switch
    {
        null or YamlScalarNode { Value: null or "" } => null,
        YamlMappingNode map => new YamlMap(File, Full(key), map),
        var other => throw Wrong(other, key, "a mapping"),
    };

    /// <summary>A list of mappings; empty where the key is absent.</summary>
    /// <param name="key">The key.</param>
    public IReadOnlyList<YamlMap> Maps(string key) => [.. Items(key).Select((item, i) => item is YamlMappingNode map
        ? new YamlMap(File, $"{Full(key)}[{i}]", map)
        : throw Wrong(item, $"{key}[{i}]", "a mapping"))];

    /// <summary>A list of texts; empty where the key is absent. A single value is a list of one.</summary>
    /// <param name="key">The key.</param>
    public IReadOnlyList<string> Texts(string key) => Find(key) is YamlScalarNode { Value: { Length: > 0 } single }
        ? [single]
        : [.. Items(key).Select((item, i) => item is YamlScalarNode { Value: { } text } ? text : throw Wrong(item, $"{key}[{i}]", "a single value"))];

    /// <summary>A mapping of texts to texts; empty where the key is absent.</summary>
    /// <param name="key">The key.</param>
    public IReadOnlyDictionary<string, string> Pairs(string key)
    {
        var pairs = new Dictionary<string, string>(StringComparer.Ordinal);
        if (Map(key) is { } map)
        {
            foreach (var (name, value) in map._node.Children)
            {
                pairs[((YamlScalarNode)name).Value ?? ""] = value is YamlScalarNode scalar ? scalar.Value ?? "" : throw Wrong(value, key, "single values");
            }
        }

        return pairs;
    }

    /// <summary>Refuses keys that nobody asked for. Call when all keys have been taken.</summary>
    /// <exception cref="YamlFileException">A key is unknown, or written twice with other letters' case.</exception>
    public void Done()
    {
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var key in _node.Children.Keys)
        {
            var name = (key as YamlScalarNode)?.Value ?? "";
            if (!_known.Contains(name))
            {
                var near = NearestWord.Of(name, _known);
                throw new YamlFileException(File, key.Start.Line, $"{Full(name)} is not a key that exists here{(near is null ? $" (there are: {string.Join(", ", _known.Order(StringComparer.Ordinal))})" : $"; did you mean {near}?")}");
            }

            if (!seen.Add(name))
            {
                throw new YamlFileException(File, key.Start.Line, $"{Full(name)} is written twice");
            }
        }
    }

    /// <summary>An error about one of this mapping's keys.</summary>
    /// <param name="key">The key.</param>
    /// <param name="what">What was expected and what was found.</param>
    public YamlFileException Error(string key, string what) => new(File, Find(key)?.Start.Line ?? Line, $"{Full(key)}: {what}");

    private IEnumerable<YamlNode> Items(string key) => Find(key) switch
    {
        null or YamlScalarNode { Value: null or "" } => [],
        YamlSequenceNode list => list.Children,
        var other => throw Wrong(other, key, "a list"),
    };

    private YamlNode? Find(string key)
    {
        _known.Add(key);
        return _node.Children.FirstOrDefault(pair => string.Equals((pair.Key as YamlScalarNode)?.Value, key, StringComparison.OrdinalIgnoreCase)).Value;
    }

    private string Full(string key) => Path.Length == 0 ? key : $"{Path}.{key}";

    private YamlFileException Wrong(YamlNode node, string key, string expected) => new(File, node.Start.Line, $"{Full(key)}: {expected} was expected");
}
