using Sojourn.Cryptography.Secrets;
using Xunit;

namespace Sojourn.Cryptography.Tests.Secrets;

public sealed class SecretKeyTests
{
    [Fact]
    public void Prints_nothing() => Assert.Equal("SecretKey(..)", SecretKey.Random().ToString());

    [Fact]
    public void Taking_wipes_the_source()
    {
        var source = new byte[] { 1, 2, 3 };
        using var key = SecretKey.Take(source);
        Assert.Equal(new byte[3], source);
        using var lease = key.Lend();
        Assert.Equal(new byte[] { 1, 2, 3 }, lease.Span.ToArray());
    }

    [Fact]
    public void Disposal_waits_for_the_last_lease()
    {
        var key = SecretKey.CopyOf([7, 8, 9]);
        var first = key.Lend();
        var second = key.Lend();
        key.Dispose();
        first.Dispose();
        Assert.Equal(new byte[] { 7, 8, 9 }, second.Span.ToArray());
        second.Dispose();
        second.Dispose();
        Assert.Throws<ObjectDisposedException>(() => key.Lend().Dispose());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(64)]
    [InlineData(65)]
    [InlineData(10_000)]
    public void Any_length_is_held_and_starts_anew_after_reuse(int length)
    {
        for (var round = 0; round < 3; round++)
        {
            using var key = SecretKey.Create(length, round, static (bytes, _) =>
            {
                Assert.Equal(-1, bytes.IndexOfAnyExcept((byte)0));
                bytes.Fill(0xA5);
            });
            using var copy = key.Copy();
            Assert.True(key.FixedTimeEquals(copy));
        }
    }

    [Fact]
    public void Equality_in_fixed_time_tells_apart()
    {
        using var a = SecretKey.CopyOf([1, 2, 3]);
        using var b = SecretKey.CopyOf([1, 2, 4]);
        using var c = SecretKey.CopyOf([1, 2, 3, 4]);
        Assert.False(a.FixedTimeEquals(b));
        Assert.False(a.FixedTimeEquals(c));
        Assert.True(a.FixedTimeEquals(a));
    }
}
