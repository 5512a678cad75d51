using System.Text;
using System.Text.RegularExpressions;
using Sojourn.Testing;

namespace Sojourn.Primitives.Tests.Multiformats;

/// <summary>The multibase specification's own vectors: every file named multibase-*.csv whose header is <c>encoding, "TEXT"</c>.</summary>
public class MultibaseVectorTests
{
    public static TheoryData<string, string, string, bool> Cases()
    {
        var data = new TheoryData<string, string, string, bool>();
        var folder = Vectors.PathOf("ipfs/multiformats");
        foreach (var file in Directory.Exists(folder) ? Directory.GetFiles(folder, "multibase-*.csv") : [])
        {
            string? plain = null;
            var canonical = true;
            foreach (var row in Csv.Rows(file))
            {
                if (plain is null)
                {
                    if (row.Length != 2 || !row[0].EndsWith("encoding", StringComparison.Ordinal))
                    {
                        break;
                    }

                    canonical = !row[0].Contains("non-canonical", StringComparison.Ordinal);
                    plain = row[1];
                    continue;
                }

                data.Add(row[0], row[1], plain, canonical);
            }
        }

        return data;
    }

    [VectorTheory("ipfs/multiformats")]
    [MemberData(nameof(Cases))]
    public void Text_and_bytes_agree(string encoding, string text, string plain, bool canonical)
    {
        var expected = Unescape(plain);
        Assert.Equal(MultibaseFault.None, Multibase.TryDecode(text, out var bytes, out var found));
        Assert.Equal(Convert.ToHexString(expected), Convert.ToHexString(bytes));
        Assert.Equal(encoding, found.ToString(), ignoreCase: true);
        if (canonical)
        {
            Assert.Equal(text, Multibase.Encode(found, expected));
        }
    }

    private static byte[] Unescape(string text)
    {
        var bytes = new List<byte>();
        foreach (Match part in Regex.Matches(text, @"\\x(?<hex>[0-9a-fA-F]{2})|\\(?<escaped>.)|(?<plain>[^\\])", RegexOptions.Singleline | RegexOptions.ExplicitCapture))
        {
            if (part.Groups["hex"].Success)
            {
                bytes.Add(Convert.ToByte(part.Groups["hex"].Value, 16));
            }
            else
            {
                bytes.AddRange(Encoding.UTF8.GetBytes(part.Groups["escaped"].Success ? part.Groups["escaped"].Value : part.Groups["plain"].Value));
            }
        }

        return [.. bytes];
    }
}
