using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Sojourn.Wasm.Wasi;

/// <summary>HMAC-SHA-256 in counter mode.</summary>
internal sealed class SeededRandom : WasiRandom
{
    private readonly byte[] _key;
    private readonly byte[] _block = new byte[32];
    private readonly Lock _gate = new();
    private ulong _counter;
    private int _left;

    public SeededRandom(ReadOnlySpan<byte> seed)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData("sojourn wasi random 1\0"u8);
        hash.AppendData(seed);
        _key = hash.GetHashAndReset();
    }

    protected internal override void Fill(Span<byte> buffer)
    {
        Span<byte> counter = stackalloc byte[8];
        lock (_gate)
        {
            while (!buffer.IsEmpty)
            {
                if (_left == 0)
                {
                    BinaryPrimitives.WriteUInt64LittleEndian(counter, _counter++);
                    HMACSHA256.HashData(_key, counter, _block);
                    _left = _block.Length;
                }

                var count = Math.Min(_left, buffer.Length);
                _block.AsSpan(_block.Length - _left, count).CopyTo(buffer);
                _left -= count;
                buffer = buffer[count..];
            }
        }
    }
}
