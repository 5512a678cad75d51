namespace Sojourn.Content.Tests.Fuzz;

/// <summary>Makes hostile inputs out of good ones. The same seed makes the same inputs.</summary>
internal sealed class Mutator(ulong seed, IReadOnlyList<byte[]> corpus)
{
    private static readonly byte[][] Interesting =
    [
        [0x00], [0x7f], [0x80], [0xff], [0x9f], [0xbf], [0x5f], [0x1b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f], [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01],
        [0x9b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], [0x12, 0x20], [0x01, 0x55, 0x12, 0x20], [0xd8, 0x2a, 0x58, 0x25, 0x00], [0x0a], [0x12], [0xed, 0xa0, 0x80],
    ];

    private ulong _state = (seed * 0x9e3779b97f4a7c15) | 1;

    public int Next(int below)
    {
        _state ^= _state << 13;
        _state ^= _state >> 7;
        _state ^= _state << 17;
        return below <= 1 ? 0 : (int)((_state >> 11) % (ulong)below);
    }

    public byte[] Make()
    {
        if (Next(50) == 0)
        {
            var noise = new byte[Next(200)];
            for (var i = 0; i < noise.Length; i++)
            {
                noise[i] = (byte)Next(256);
            }

            return noise;
        }

        var bytes = corpus[Next(corpus.Count)].ToList();
        for (var edits = 1 + Next(4); edits > 0; edits--)
        {
            Edit(bytes);
        }

        return [.. bytes];
    }

    private void Edit(List<byte> bytes)
    {
        var at = Next(bytes.Count + 1);
        switch (Next(8))
        {
            case 0 or 1 when at < bytes.Count:
                bytes[at] ^= (byte)(1 << Next(8));
                break;
            case 2 when at < bytes.Count:
                bytes[at] = (byte)Next(256);
                break;
            case 3 when at < bytes.Count:
                bytes.RemoveRange(at, Math.Min(1 + Next(8), bytes.Count - at));
                break;
            case 4:
                bytes.InsertRange(at, Interesting[Next(Interesting.Length)]);
                break;
            case 5 when at < bytes.Count:
                bytes.RemoveRange(at, bytes.Count - at);
                break;
            case 6:
                var other = corpus[Next(corpus.Count)];
                var from = Next(other.Length);
                bytes.InsertRange(at, other.AsSpan(from, Math.Min(Next(64), other.Length - from)));
                break;
            case 7 when bytes.Count is > 0 and < 4096:
                var start = Next(bytes.Count);
                bytes.InsertRange(at, bytes.GetRange(start, Math.Min(Next(64), bytes.Count - start)));
                break;
            default:
                bytes.Insert(at, (byte)Next(256));
                break;
        }
    }
}
