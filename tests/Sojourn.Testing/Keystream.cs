using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Security.Cryptography;
using System.Text;

namespace Sojourn.Testing;

/// <summary>The deterministic bytes of the vectors: a ChaCha20 keystream whose key is the SHA-256 of a seed, nonce and first counter zero; as a stream of any length that cannot be sought.</summary>
public sealed class Keystream : Stream
{
    private const int Lanes = 8;
    private readonly uint[] _key = new uint[8];
    private readonly byte[] _buffer = new byte[64 * Lanes];
    private readonly long _length;
    private uint _block;
    private long _position;

    /// <summary>Starts at the first byte.</summary>
    /// <param name="seed">The seed, hashed as UTF-8.</param>
    /// <param name="length">How many bytes the stream has.</param>
    public Keystream(string seed, long length)
    {
        var key = SHA256.HashData(Encoding.UTF8.GetBytes(seed));
        for (var i = 0; i < 8; i++)
        {
            _key[i] = BinaryPrimitives.ReadUInt32LittleEndian(key.AsSpan(4 * i));
        }

        _length = length;
    }

    /// <summary>The first bytes of a seed's stream.</summary>
    /// <param name="seed">The seed.</param>
    /// <param name="length">How many bytes.</param>
    public static byte[] Bytes(string seed, int length)
    {
        var bytes = new byte[length];
        using var stream = new Keystream(seed, length);
        stream.ReadExactly(bytes);
        return bytes;
    }

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => false;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position { get => _position; set => throw new NotSupportedException(); }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    /// <inheritdoc/>
    public override int Read(Span<byte> buffer)
    {
        var total = (int)Math.Min(buffer.Length, _length - _position);
        for (var done = 0; done < total;)
        {
            var at = (int)(_position % _buffer.Length);
            if (at == 0)
            {
                Fill();
            }

            var step = Math.Min(total - done, _buffer.Length - at);
            _buffer.AsSpan(at, step).CopyTo(buffer[done..]);
            done += step;
            _position += step;
        }

        return total;
    }

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <summary>Eight blocks at once, one a lane.</summary>
    private void Fill()
    {
        Span<Vector256<uint>> initial = stackalloc Vector256<uint>[16];
        ReadOnlySpan<uint> sigma = [0x61707865, 0x3320646e, 0x79622d32, 0x6b206574];
        for (var i = 0; i < 4; i++)
        {
            initial[i] = Vector256.Create(sigma[i]);
        }

        for (var i = 0; i < 8; i++)
        {
            initial[4 + i] = Vector256.Create(_key[i]);
        }

        initial[12] = Vector256.Create(_block) + Vector256.Create(0u, 1, 2, 3, 4, 5, 6, 7);
        initial[13] = initial[14] = initial[15] = Vector256<uint>.Zero;
        _block += Lanes;

        Span<Vector256<uint>> x = stackalloc Vector256<uint>[16];
        initial.CopyTo(x);
        for (var round = 0; round < 10; round++)
        {
            Quarter(ref x[0], ref x[4], ref x[8], ref x[12]);
            Quarter(ref x[1], ref x[5], ref x[9], ref x[13]);
            Quarter(ref x[2], ref x[6], ref x[10], ref x[14]);
            Quarter(ref x[3], ref x[7], ref x[11], ref x[15]);
            Quarter(ref x[0], ref x[5], ref x[10], ref x[15]);
            Quarter(ref x[1], ref x[6], ref x[11], ref x[12]);
            Quarter(ref x[2], ref x[7], ref x[8], ref x[13]);
            Quarter(ref x[3], ref x[4], ref x[9], ref x[14]);
        }

        var words = MemoryMarshal.Cast<byte, uint>(_buffer.AsSpan());
        for (var i = 0; i < 16; i++)
        {
            var sum = x[i] + initial[i];
            for (var lane = 0; lane < Lanes; lane++)
            {
                words[(lane * 16) + i] = sum[lane];
            }
        }
    }

    private static void Quarter(ref Vector256<uint> a, ref Vector256<uint> b, ref Vector256<uint> c, ref Vector256<uint> d)
    {
        a += b;
        d = Rotate(d ^ a, 16);
        c += d;
        b = Rotate(b ^ c, 12);
        a += b;
        d = Rotate(d ^ a, 8);
        c += d;
        b = Rotate(b ^ c, 7);
    }

    private static Vector256<uint> Rotate(Vector256<uint> value, int bits) => (value << bits) | (value >>> (32 - bits));
}
