using Sojourn.Testing;

namespace Sojourn.Primitives.Tests.Multiformats;

/// <summary>The multihash specification's own vectors, truncated digests included. What is hashed is the input column as it stands: its hexadecimal text.</summary>
public class MultihashVectorTests
{
    private const string File = "ipfs/multiformats/multihash-test_cases.csv";

    public static TheoryData<string, int, string, string> Cases()
    {
        var data = new TheoryData<string, int, string, string>();
        foreach (var row in Vectors.Has(File) ? Csv.Rows(Vectors.PathOf(File)).Skip(1) : [])
        {
            data.Add(row[0], int.Parse(row[1]), row[2], row[3]);
        }

        return data;
    }

    [VectorTheory(File)]
    [MemberData(nameof(Cases))]
    public void Digest_and_encoding_agree(string algorithm, int bits, string input, string encoded)
    {
        Assert.True(Multihash.TryDecode(Convert.FromHexString(encoded), out var multihash));
        Assert.Equal(bits / 8, multihash.Digest.Length);

        // The file's "sha3" is sha3-512; other names are the table's.
        Assert.Equal(algorithm == "sha3" ? "sha3-512" : algorithm, multihash.Name);
        Assert.True(Multihash.TryCompute(multihash.Code, System.Text.Encoding.UTF8.GetBytes(input), out var computed));
        var cut = Multihash.Wrap(multihash.Code, computed.Digest[..(bits / 8)]);
        Assert.Equal(encoded, cut.ToString());
        Assert.Equal(multihash, cut);
    }
}
