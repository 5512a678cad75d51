using Sojourn.Primitives.Ipld;

namespace Sojourn.Primitives.Tests.Ipld;

public class DagMapTests
{
    [Fact]
    public void Keys_are_held_shorter_first_and_found()
    {
        var map = DagMap.Create(("bb", 2), ("a", 1), ("é", 3), ("zzz", 4), ("", 0));
        Assert.Equal(["", "a", "bb", "é", "zzz"], map.Entries.Select(entry => entry.Key));
        Assert.Equal(new DagInteger(3), map["é"]);
        Assert.Null(map["c"]);
        Assert.Equal(DagCbor.Encode(map), DagCbor.Encode(DagCbor.Decode(DagCbor.Encode(map))));
    }

    [Fact]
    public void Order_is_that_of_utf8_not_of_utf16()
    {
        // U+FFFD sorts after a surrogate pair in UTF-16, before it in UTF-8; the third key only evens the lengths.
        var map = DagMap.Create(("\ufffda", 1), ("\U0001F600", 2));
        Assert.Equal("\ufffda", map.Entries[0].Key);
        Assert.NotNull(DagCbor.Decode(DagCbor.Encode(map)));
        Assert.Equal(new DagInteger(2), map["\U0001F600"]);
    }

    [Fact]
    public void Keys_twice_are_refused() => Assert.False(DagMap.TryCreate([new("a", 1), new("a", 2)], out _));
}
