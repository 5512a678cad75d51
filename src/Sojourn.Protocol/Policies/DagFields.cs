using Sojourn.Primitives;
using Sojourn.Primitives.Ipld;

namespace Sojourn.Protocol.Policies;

/// <summary>Takes fields out of a dag-cbor map by name, and refuses what nobody took.</summary>
internal sealed class DagFields
{
    private readonly DagMap map;
    private int taken;

    public DagFields(DagValue? value) => map = value as DagMap ?? throw new PolicyFormatException(PolicyFault.Malformed, "a map was expected");

    public string Text(string key) => Required(key) is DagText text ? text.Value : throw Wrong(key);

    public long Integer(string key) => Required(key) is DagInteger { Value: var value } && value >= long.MinValue && value <= long.MaxValue ? (long)value : throw Wrong(key);

    public int Small(string key) => Integer(key) is var value and >= int.MinValue and <= int.MaxValue ? (int)value : throw Wrong(key);

    public long? OptionalInteger(string key) => Take(key) switch
    {
        null => null,
        DagInteger { Value: var value } when value >= long.MinValue && value <= long.MaxValue => (long)value,
        _ => throw Wrong(key),
    };

    public bool Flag(string key) => Required(key) is DagBoolean flag ? flag.Value : throw Wrong(key);

    public Cid? OptionalLink(string key) => Take(key) switch
    {
        null => null,
        DagLink link => link.Target,
        _ => throw Wrong(key),
    };

    public Address Address(string key) => Required(key) is var value ? AddressOf(value, key) : throw Wrong(key);

    public DagFields Map(string key) => new(Required(key));

    public DagFields? OptionalMap(string key) => Take(key) is { } value ? new DagFields(value) : null;

    public System.Collections.Immutable.ImmutableArray<T> List<T>(string key, Func<DagValue, T> read) =>
        Required(key) is DagList { Items: { Length: <= PolicyCodec.ListMax } items } ? [.. items.Select(read)] : throw Wrong(key);

    public IEnumerable<KeyValuePair<string, DagValue>> Entries()
    {
        taken = map.Entries.Length;
        return map.Entries;
    }

    public static Address AddressOf(DagValue value, string key = "an account") =>
        value is DagBytes { Value: var bytes } && Primitives.Address.TryFromBytes(bytes.Span, out var address) ? address : throw Wrong(key);

    public static Cid LinkOf(DagValue value) => value is DagLink link ? link.Target : throw Wrong("a link");

    public static string TextOf(DagValue value) => value is DagText text ? text.Value : throw Wrong("a text");

    public static ReadOnlyMemory<byte> BytesOf(DagValue value) => value is DagBytes bytes ? bytes.Value : throw Wrong("bytes");

    /// <summary>Refuses fields that nobody took.</summary>
    public void Done()
    {
        if (taken != map.Entries.Length)
        {
            throw new PolicyFormatException(PolicyFault.UnknownKey, "a key is unknown");
        }
    }

    private DagValue Required(string key) => Take(key) ?? throw new PolicyFormatException(PolicyFault.Malformed, $"'{key}' is missing");

    private DagValue? Take(string key)
    {
        var value = map[key];
        if (value is not null)
        {
            taken++;
        }

        return value;
    }

    private static PolicyFormatException Wrong(string key) => new(PolicyFault.Malformed, $"'{key}' is of another type");
}

/// <summary>Ends the decoding of an untrusted policy; caught at the decoder's edge.</summary>
internal sealed class PolicyFormatException(PolicyFault fault, string what) : Exception(what)
{
    public PolicyFault Fault { get; } = fault;
}
