using System.Collections.Immutable;
using System.Globalization;

namespace Sojourn.Ledger.Ethereum.Generators;

/// <summary>A parameter's type as C# has it, with the statements that write and read it.</summary>
internal sealed record Shape(string Sharp, int Size, bool Dynamic, Func<string, string> Write, string Read)
{
    public int Head => Dynamic ? 32 : Size;

    /// <summary>The shape of a parameter; structs are asked of the registry.</summary>
    public static Shape Of(Parameter parameter, Structs structs)
    {
        var type = parameter.Type;
        var bracket = type.LastIndexOf('[');
        if (bracket >= 0)
        {
            var inner = parameter.InternalType.LastIndexOf('[') is var at && at >= 0 ? parameter.InternalType[..at] : parameter.InternalType;
            var element = Of(parameter with { Type = type[..bracket], InternalType = inner }, structs);
            return ArrayOf(element, type[(bracket + 1)..^1]);
        }

        return type switch
        {
            "tuple" => Tuple(parameter, structs),
            "address" => Static("Address", "Address"),
            "bool" => Static("bool", "Bool"),
            "bytes32" => Static("Digest", "Digest"),
            "bytes" => new Shape("ReadOnlyMemory<byte>", 32, true, value => $"w.Bytes({value}.Span);", "r.Bytes()"),
            "string" => new Shape("string", 32, true, value => $"w.Text({value});", "r.Text()"),
            _ when type.StartsWith("uint", StringComparison.Ordinal) => Number(Bits(type[4..]), signed: false),
            _ when type.StartsWith("int", StringComparison.Ordinal) => Number(Bits(type[3..]), signed: true),
            _ when type.StartsWith("bytes", StringComparison.Ordinal) => new Shape("ReadOnlyMemory<byte>", 32, false, value => $"w.FixedBytes({value}.Span);", $"r.FixedBytes({type[5..]})"),
            _ => throw new FormatException($"The type '{type}' is not known."),
        };
    }

    private static int Bits(string digits) => digits.Length == 0 ? 256 : int.Parse(digits, CultureInfo.InvariantCulture);

    private static Shape Static(string sharp, string method) => new(sharp, 32, false, value => $"w.{method}({value});", $"r.{method}()");

    private static Shape Number(int bits, bool signed) => (bits, signed) switch
    {
        ( <= 8, false) => new Shape("byte", 32, false, value => $"w.UInt({value});", $"(byte)r.UInt64({bits})"),
        ( <= 16, false) => new Shape("ushort", 32, false, value => $"w.UInt({value});", $"(ushort)r.UInt64({bits})"),
        ( <= 32, false) => new Shape("uint", 32, false, value => $"w.UInt({value});", $"(uint)r.UInt64({bits})"),
        ( <= 64, false) => new Shape("ulong", 32, false, value => $"w.UInt({value});", $"r.UInt64({bits})"),
        ( <= 128, false) => new Shape("UInt128", 32, false, value => $"w.UInt({value});", $"r.UInt({bits})"),
        ( <= 32, true) => new Shape("int", 32, false, value => $"w.Int({value});", $"(int)r.Int({bits})"),
        ( <= 64, true) => new Shape("long", 32, false, value => $"w.Int({value});", $"(long)r.Int({bits})"),
        ( <= 128, true) => new Shape("Int128", 32, false, value => $"w.Int({value});", $"r.Int({bits})"),
        _ => new Shape("BigInteger", 32, false, value => $"w.Number({value}, {bits}, {(signed ? "true" : "false")});", $"r.Number({bits}, {(signed ? "true" : "false")})"),
    };

    private static Shape Tuple(Parameter parameter, Structs structs)
    {
        var record = structs.Name(parameter);
        var parts = parameter.Components.Select(part => Of(part, structs)).ToImmutableArray();
        var size = parts.Sum(part => part.Head);
        return parts.Any(part => part.Dynamic)
            ? new Shape(record, size, true, value => $"w.BeginTuple({size}); {value}.Write(w); w.End();", $"{record}.ReadDynamic(ref r)")
            : new Shape(record, size, false, value => $"{value}.Write(w);", $"{record}.Read(ref r)");
    }

    // Loops in loops need names of their own; properties begin with a capital, so no other name can begin so.
    private static string Item(string value) => value.StartsWith("item", StringComparison.Ordinal) ? value + "Of" : "item";

    private static Shape ArrayOf(Shape element, string length)
    {
        var sharp = $"ImmutableArray<{element.Sharp}>";
        if (length.Length == 0)
        {
            return new Shape(sharp, 32, true,
                value => $"w.BeginArray({value}.Length, {element.Head}); foreach (var {Item(value)} in {value}) {{ {element.Write(Item(value))} }} w.End();",
                $"AbiArrays.Read(ref r, {element.Head}, static (ref AbiReader r) => {element.Read})");
        }

        var count = int.Parse(length, CultureInfo.InvariantCulture);
        var size = count * element.Head;
        return element.Dynamic
            ? new Shape(sharp, size, true,
                value => $"AbiArrays.Demand({value}.Length, {count}); w.BeginTuple({size}); foreach (var {Item(value)} in {value}) {{ {element.Write(Item(value))} }} w.End();",
                $"AbiArrays.ReadFixedDynamic(ref r, {count}, {size}, static (ref AbiReader r) => {element.Read})")
            : new Shape(sharp, size, false,
                value => $"AbiArrays.Demand({value}.Length, {count}); foreach (var {Item(value)} in {value}) {{ {element.Write(Item(value))} }}",
                $"AbiArrays.ReadFixed(ref r, {count}, static (ref AbiReader r) => {element.Read})");
    }
}

/// <summary>The structs that a contract's functions, events and errors use: one record each.</summary>
internal sealed class Structs
{
    private readonly Dictionary<string, (string Layout, Parameter Of)> _known = new(StringComparer.Ordinal);

    public IEnumerable<(string Name, Parameter Of)> All => _known.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => (pair.Key, pair.Value.Of));

    public string Name(Parameter parameter)
    {
        // "struct Library.Name" or "struct Name"
        var text = parameter.InternalType;
        var start = Math.Max(text.LastIndexOf('.'), text.LastIndexOf(' ')) + 1;
        var name = text.Length == 0 ? "Tuple" : Names.Pascal(text[start..]);
        var layout = parameter.Canonical;
        var candidate = name;
        for (var i = 2; _known.TryGetValue(candidate, out var other) && other.Layout != layout; i++)
        {
            candidate = name + i.ToString(CultureInfo.InvariantCulture);
        }

        if (!_known.ContainsKey(candidate))
        {
            _known.Add(candidate, (layout, parameter));
            foreach (var part in parameter.Components)
            {
                Shape.Of(part, this);
            }
        }

        return candidate;
    }
}

/// <summary>Solidity's names as C# writes them.</summary>
internal static class Names
{
    public static string Pascal(string name)
    {
        var text = name.TrimStart('_').TrimEnd('_');
        if (text.Length == 0)
        {
            return "Value";
        }

        var upper = text.All(character => !char.IsLower(character)) && text.Length > 1 && text.Any(char.IsLetter);
        var parts = text.Split('_', StringSplitOptions.RemoveEmptyEntries);
        var joined = string.Concat(parts.Select(part => char.ToUpperInvariant(part[0]) + (upper ? part[1..].ToLowerInvariant() : part[1..])));
        return char.IsDigit(joined[0]) ? "N" + joined : joined;
    }

    /// <summary>Property names of a list, without collisions.</summary>
    public static ImmutableArray<string> Of(IReadOnlyList<Parameter> parameters, string container)
    {
        var taken = new HashSet<string>(StringComparer.Ordinal) { container, "Signature", "Encode", "Write", "Read", "ReadDynamic", "Selector", "Topic", "TryRead", "TryReadResult", "Equals", "ToString", "GetHashCode", "GetType" };
        var names = ImmutableArray.CreateBuilder<string>();
        for (var i = 0; i < parameters.Count; i++)
        {
            var name = parameters[i].Name.Length == 0 ? "Value" + (parameters.Count == 1 ? "" : i.ToString(CultureInfo.InvariantCulture)) : Pascal(parameters[i].Name);
            while (!taken.Add(name))
            {
                name += "Value";
            }

            names.Add(name);
        }

        return names.ToImmutable();
    }
}
