using System.Globalization;
using System.Numerics;
using System.Text;
using System.Text.Json;
using Sojourn.Cryptography.Hashing;
using Sojourn.Primitives;

namespace Sojourn.Cryptography.Identity;

/// <summary>Typed structured data (EIP-712): what wallets show field by field before they sign.</summary>
/// <remarks>The types and values are JSON as <c>eth_signTypedData_v4</c> takes them. All of it is public.</remarks>
public sealed class TypedData
{
    private const int DepthMax = 32;

    private static readonly (string Name, string Type)[] DomainFields =
    [
        ("name", "string"), ("version", "string"), ("chainId", "uint256"), ("verifyingContract", "address"), ("salt", "bytes32"),
    ];

    private readonly Dictionary<string, (string Name, string Type)[]> types;

    private TypedData(Dictionary<string, (string Name, string Type)[]> types) => this.types = types;

    /// <summary>The digest that is signed: Keccak-256(0x19 0x01 ‖ domain separator ‖ hash of the message).</summary>
    /// <param name="domain">The domain: its present fields among name, version, chainId, verifyingContract, salt.</param>
    /// <param name="primaryType">The message's type.</param>
    /// <param name="declared">Types: name to a list of <c>{name, type}</c>. An EIP712Domain among them is ignored: the domain's own fields decide.</param>
    /// <param name="message">The message.</param>
    /// <exception cref="FormatException">A type is unknown or a value does not fit its type.</exception>
    public static byte[] Digest(JsonElement domain, string primaryType, JsonElement declared, JsonElement message)
    {
        var known = new Dictionary<string, (string, string)[]>(StringComparer.Ordinal);
        foreach (var type in declared.EnumerateObject())
        {
            known[type.Name] = [.. type.Value.EnumerateArray().Select(field => (field.GetProperty("name").GetString()!, field.GetProperty("type").GetString()!))];
        }

        known["EIP712Domain"] = [.. DomainFields.Where(field => domain.TryGetProperty(field.Name, out var value) && value.ValueKind != JsonValueKind.Null)];
        var data = new TypedData(known);
        return Keccak256.Hash([0x19, 0x01, .. data.HashStruct("EIP712Domain", domain, 0), .. data.HashStruct(primaryType, message, 0)]);
    }

    /// <summary>The encodeType of a struct, with the structs it refers to in order of name.</summary>
    private string EncodeType(string name)
    {
        var referred = new SortedSet<string>(StringComparer.Ordinal);
        Collect(name);
        referred.Remove(name);
        var text = new StringBuilder();
        foreach (var type in (string[])[name, .. referred])
        {
            text.Append(type).Append('(').AppendJoin(',', Fields(type).Select(field => $"{field.Type} {field.Name}")).Append(')');
        }

        return text.ToString();

        void Collect(string type)
        {
            if (types.ContainsKey(type) && referred.Add(type))
            {
                foreach (var field in Fields(type))
                {
                    Collect(field.Type.Split('[')[0]);
                }
            }
        }
    }

    private (string Name, string Type)[] Fields(string type) => types.TryGetValue(type, out var fields) ? fields : throw new FormatException($"The type '{type}' is not declared.");

    private byte[] HashStruct(string type, JsonElement value, int depth)
    {
        if (depth > DepthMax)
        {
            throw new FormatException("The message nests too deep.");
        }

        using var encoded = new MemoryStream();
        encoded.Write(Keccak256.Hash(Encoding.UTF8.GetBytes(EncodeType(type))));
        foreach (var (name, fieldType) in Fields(type))
        {
            if (!value.TryGetProperty(name, out var field))
            {
                throw new FormatException($"The field '{name}' of '{type}' is missing.");
            }

            encoded.Write(Encode(fieldType, field, depth));
        }

        return Keccak256.Hash(encoded.ToArray());
    }

    /// <summary>encodeData of one value: always 32 bytes.</summary>
    private byte[] Encode(string type, JsonElement value, int depth)
    {
        if (type.EndsWith(']'))
        {
            var at = type.LastIndexOf('[');
            var count = type[(at + 1)..^1];
            var items = value.EnumerateArray().ToArray();
            if (count.Length > 0 && int.Parse(count, NumberStyles.None, CultureInfo.InvariantCulture) != items.Length)
            {
                throw new FormatException($"'{type}' has {items.Length} elements.");
            }

            using var joined = new MemoryStream();
            foreach (var item in items)
            {
                joined.Write(Encode(type[..at], item, depth + 1));
            }

            return Keccak256.Hash(joined.ToArray());
        }

        return type switch
        {
            "string" => Keccak256.Hash(Encoding.UTF8.GetBytes(value.GetString()!)),
            "bytes" => Keccak256.Hash(Bytes(value)),
            "bool" => Padded([value.GetBoolean() ? (byte)1 : (byte)0]),
            "address" => Padded(Address.TryParse(value.GetString(), out var address) ? address.ToArray() : throw new FormatException("An address was expected.")),
            _ when type.StartsWith("bytes", StringComparison.Ordinal) => FixedBytes(type, value),
            _ when types.ContainsKey(type) => HashStruct(type, value, depth + 1),
            _ when type.StartsWith("uint", StringComparison.Ordinal) => Number(type, 4, value, signed: false),
            _ when type.StartsWith("int", StringComparison.Ordinal) => Number(type, 3, value, signed: true),
            _ => throw new FormatException($"The type '{type}' is not known."),
        };
    }

    private static byte[] FixedBytes(string type, JsonElement value)
    {
        var bytes = Bytes(value);
        if (!int.TryParse(type.AsSpan(5), NumberStyles.None, CultureInfo.InvariantCulture, out var size) || size is < 1 or > 32 || bytes.Length != size)
        {
            throw new FormatException($"'{type}' has {bytes.Length} bytes.");
        }

        Array.Resize(ref bytes, 32);
        return bytes;
    }

    private static byte[] Number(string type, int prefix, JsonElement value, bool signed)
    {
        var bits = type.Length == prefix ? 256 : int.Parse(type.AsSpan(prefix), NumberStyles.None, CultureInfo.InvariantCulture);
        var text = value.ValueKind == JsonValueKind.Number ? value.GetRawText() : value.GetString()!;
        var negative = text.StartsWith('-');
        var digits = negative ? text[1..] : text;
        var number = digits.StartsWith("0x", StringComparison.OrdinalIgnoreCase)
            ? BigInteger.Parse("0" + digits[2..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture)
            : BigInteger.Parse(digits, NumberStyles.None, CultureInfo.InvariantCulture);
        number = negative ? -number : number;
        var limit = BigInteger.One << (signed ? bits - 1 : bits);
        if (bits is < 8 or > 256 || bits % 8 != 0 || number >= limit || number < (signed ? -limit : 0))
        {
            throw new FormatException($"{number} does not fit '{type}'.");
        }

        var two = number < 0 ? number + (BigInteger.One << 256) : number;
        return Padded(two.ToByteArray(isUnsigned: true, isBigEndian: true));
    }

    private static byte[] Bytes(JsonElement value)
    {
        var text = value.GetString()!;
        return Convert.FromHexString(text.StartsWith("0x", StringComparison.Ordinal) ? text[2..] : text);
    }

    private static byte[] Padded(byte[] bytes)
    {
        var padded = new byte[32];
        bytes.CopyTo(padded, 32 - bytes.Length);
        return padded;
    }
}
