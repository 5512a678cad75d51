using System.Globalization;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Sojourn.Cryptography.Custody;
using Sojourn.Cryptography.HybridEncryption;
using Sojourn.Cryptography.Identity;
using Sojourn.Cryptography.Sealing;
using Sojourn.Cryptography.Secrets;
using Sojourn.Cryptography.VerifiableRandomness;
using Sojourn.Primitives;
using Xunit;

namespace Sojourn.Cryptography.Tests.Secrets;

/// <summary>Plants keys and plaintext, uses them in every way, disposes of them, and then searches all of the process's writable memory.</summary>
public sealed class MemoryDumpTests
{
    [Fact]
    public void Nothing_planted_is_left_after_disposal()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        var needles = new List<Needle>();
        PlantAndUse(needles);
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        GC.WaitForPendingFinalizers();
        Assert.Empty(Search(needles));
    }

    /// <summary>The search itself finds what is left lying about: a key in an ordinary array.</summary>
    [Fact]
    public void The_search_finds_what_is_left()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        var left = RandomNumberGenerator.GetBytes(32);
        using var lost = SecretKey.CopyOf(left);
        var needles = new List<Needle> { Needle.Of("left", lost) };
        Assert.Contains("left", Search(needles));
        GC.KeepAlive(left);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void PlantAndUse(List<Needle> needles)
    {
        var digest = RandomNumberGenerator.GetBytes(32);
        using (var scalar = Scalar())
        {
            needles.Add(Needle.Of("account key", scalar));
            using var lease = scalar.Lend();
            using var identity = Secp256k1Identity.Import(lease.Span);
            for (var i = 0; i < 5; i++)
            {
                _ = identity.Sign(digest);
            }
        }

        using (var scalar = Scalar())
        {
            needles.Add(Needle.Of("VRF key", scalar));
            using var lease = scalar.Lend();
            using var key = VrfPrivateKey.Import(lease.Span);
            _ = Vrf.Prove(key, digest);
        }

        using (var contentKey = SecretKey.Random())
        using (var scalar = Scalar())
        {
            needles.Add(Needle.Of("encryption key", scalar));
            needles.Add(Needle.Of("content key", contentKey));
            using var lease = scalar.Lend();
            using var recipient = HpkePrivateKey.Import(HpkeKem.P256, lease.Span);
            var message = Hpke.SealKey(recipient.Public, "info"u8, default, contentKey);
            Assert.Equal(HpkeFault.None, Hpke.OpenKey(recipient, "info"u8, default, message, out var opened));
            opened!.Dispose();

            var set = ShareSet.Split(contentKey, 2, [("a", recipient.Public), ("b", HpkePrivateKey.Generate().Public)]);
            Assert.Equal(CustodyFault.None, set.TryOpen(recipient, out var share));
            share!.Dispose();

            SealAndOpen(needles, recipient, contentKey);
        }
    }

    private static void SealAndOpen(List<Needle> needles, HpkePrivateKey recipient, SecretKey contentKey)
    {
        using var plaintext = SecretKey.Random(100_000);
        using (var first = plaintext.Lend())
        {
            using var part = SecretKey.CopyOf(first.Span.Slice(50_000, 64));
            needles.Add(Needle.Of("plaintext", part));
        }

        using var sealer = new ContentSealer(new SealingOptions { Recipients = [recipient.Public], ChunkSize = 4096 }, contentKey.Copy());
        byte[] body;
        using (var source = new SecretStream(plaintext))
        {
            body = Sealing.Sealed.ReadAll(sealer.SealFile(source));
        }

        var header = sealer.Finish(Cid.ForRaw(body));
        Assert.Equal(SealedFault.None, header.TryOpenKey(recipient, out var key));
        using (key)
        {
            Assert.Equal(SealedFault.None, OpenedContent.TryCreate(header, key!, out var content));
            using (content)
            {
                var buffer = GC.AllocateArray<byte>(100_000, pinned: true);
                using (var stream = content!.OpenStream(new MemoryStream(body)))
                {
                    stream.ReadExactly(buffer);
                }

                using var same = SecretKey.Take(buffer);
                Assert.True(same.FixedTimeEquals(plaintext));
                using var reader = content.OpenReader(new Sealing.MemoryBody(body, 4096));
                Assert.Equal(64, reader.ReadAsync(50_000, buffer.AsMemory(0, 64)).AsTask().GetAwaiter().GetResult());
                CryptographicOperations.ZeroMemory(buffer);
            }
        }
    }

    /// <summary>A scalar of either curve: both orders are above 2^255.</summary>
    private static SecretKey Scalar() => SecretKey.Create(32, 0, static (bytes, _) =>
    {
        RandomNumberGenerator.Fill(bytes);
        bytes[0] &= 0x7F;
    });

    private static List<string> Search(List<Needle> needles)
    {
        var found = new List<string>();
        var buffer = GC.AllocateArray<byte>(1 << 20, pinned: true);
        using var memory = new FileStream("/proc/self/mem", FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 0);
        foreach (var line in File.ReadAllLines("/proc/self/maps"))
        {
            var parts = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (!parts[1].StartsWith("rw", StringComparison.Ordinal) || line.Contains("[vvar]", StringComparison.Ordinal))
            {
                continue;
            }

            var bounds = parts[0].Split('-');
            var start = long.Parse(bounds[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            var end = long.Parse(bounds[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            Scan(memory, start, end, buffer, needles, found);
        }

        return found;
    }

    private static void Scan(FileStream memory, long start, long end, byte[] buffer, List<Needle> needles, List<string> found)
    {
        // Pieces overlap by a needle's length, so that none is cut.
        for (var at = start; at < end; at += buffer.Length - 64)
        {
            int read;
            try
            {
                memory.Position = at;
                read = memory.Read(buffer, 0, (int)Math.Min(buffer.Length, end - at));
            }
            catch (IOException)
            {
                return;
            }

            foreach (var needle in needles)
            {
                if (needle.IsIn(buffer.AsSpan(0, read)))
                {
                    found.Add(needle.Name);
                }
            }

            CryptographicOperations.ZeroMemory(buffer);
        }
    }

    /// <summary>What to look for, kept under a mask so that the search does not find itself; also in the order of limbs in memory.</summary>
    private sealed class Needle(string name, byte[] masked)
    {
        private const byte Mask = 0xA7;

        public string Name { get; } = name;

        public static Needle Of(string name, SecretKey secret)
        {
            using var lease = secret.Lend();
            var masked = new byte[lease.Span.Length];
            for (var i = 0; i < masked.Length; i++)
            {
                masked[i] = (byte)(lease.Span[i] ^ Mask);
            }

            return new Needle(name, masked);
        }

        public bool IsIn(ReadOnlySpan<byte> memory) => Find(memory, reversed: false) || Find(memory, reversed: true);

        private bool Find(ReadOnlySpan<byte> memory, bool reversed)
        {
            // Sixteen bytes in a row are no accident.
            const int Length = 16;
            byte At(int i) => (byte)((reversed ? masked[masked.Length - 1 - i] : masked[i]) ^ Mask);
            var first = At(0);
            for (var at = 0; at + Length <= memory.Length; at++)
            {
                var next = memory[at..^(Length - 1)].IndexOf(first);
                if (next < 0)
                {
                    return false;
                }

                at += next;
                var i = 1;
                while (i < Length && memory[at + i] == At(i))
                {
                    i++;
                }

                if (i == Length)
                {
                    return true;
                }
            }

            return false;
        }
    }

    private sealed class SecretStream(SecretKey secret) : Stream
    {
        private int at;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count)
        {
            using var lease = secret.Lend();
            var take = Math.Min(count, lease.Span.Length - at);
            lease.Span.Slice(at, take).CopyTo(buffer.AsSpan(offset));
            at += take;
            return take;
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
