using System.Buffers;
using System.Security.Cryptography;

namespace Sojourn.Cryptography.Secrets;

/// <summary>Secret bytes in unmanaged, page-locked memory that is wiped on disposal.</summary>
/// <remarks>
/// Not a record, not serialisable, and prints as <c>SecretKey(..)</c>. Read it through <see cref="Lend"/>: a lease keeps the
/// memory alive, so a span can never outlive the wipe. Disposing while a lease is out wipes when the last lease ends.
/// </remarks>
public sealed unsafe class SecretKey : IDisposable
{
    private readonly Lock gate = new();
    private byte* memory;
    private int leases;
    private bool disposed;

    private SecretKey(int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, LengthMax);
        Length = length;
        memory = SecretMemory.Allocate(length);
    }

#pragma warning disable MA0055 // A secret that nobody disposed must still be wiped; the memory is unmanaged.
    /// <summary>Wipes a key that nobody disposed.</summary>
    ~SecretKey() => Wipe();
#pragma warning restore MA0055

    /// <summary>Longest secret, in bytes: 1 MiB, a bound rather than a need.</summary>
    public const int LengthMax = 1 << 20;

    /// <summary>Number of bytes.</summary>
    public int Length { get; }

    /// <summary>Fresh random bytes from the system's generator.</summary>
    /// <param name="length">Bytes; 32 by default.</param>
    public static SecretKey Random(int length = 32) => Create(length, 0, static (bytes, _) => RandomNumberGenerator.Fill(bytes));

    /// <summary>Copies the bytes and wipes the source, so that one copy remains.</summary>
    /// <param name="source">Overwritten with zeros.</param>
    public static SecretKey Take(Span<byte> source)
    {
        var key = CopyOf(source);
        CryptographicOperations.ZeroMemory(source);
        return key;
    }

    /// <summary>Copies the bytes; the caller keeps, and wipes, the source.</summary>
    /// <param name="source">At least one byte.</param>
    public static SecretKey CopyOf(ReadOnlySpan<byte> source)
    {
        var key = new SecretKey(source.Length);
        source.CopyTo(new Span<byte>(key.memory, key.Length));
        return key;
    }

    /// <summary>Lets a function write the secret straight into its final place.</summary>
    /// <param name="length">Bytes.</param>
    /// <param name="state">Handed to the function.</param>
    /// <param name="fill">Writes the bytes; must not keep the span.</param>
    /// <typeparam name="TState">What the function needs.</typeparam>
    public static SecretKey Create<TState>(int length, TState state, SpanAction<byte, TState> fill)
        where TState : allows ref struct
    {
        ArgumentNullException.ThrowIfNull(fill);
        var key = new SecretKey(length);
        try
        {
            fill(new Span<byte>(key.memory, length), state);
        }
        catch
        {
            key.Dispose();
            throw;
        }

        return key;
    }

    /// <summary>Lends the bytes for as long as the lease is not disposed.</summary>
    /// <exception cref="ObjectDisposedException">The key was disposed.</exception>
    public Lease Lend()
    {
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(disposed, this);
            leases++;
            return new Lease(this, new ReadOnlySpan<byte>(memory, Length));
        }
    }

    /// <summary>A second key with the same bytes, for an owner of its own.</summary>
    public SecretKey Copy()
    {
        using var lease = Lend();
        return CopyOf(lease.Span);
    }

    /// <summary>Compares in time that depends on the lengths alone.</summary>
    /// <param name="other">Another secret.</param>
    public bool FixedTimeEquals(SecretKey other)
    {
        ArgumentNullException.ThrowIfNull(other);
        using var mine = Lend();
        using var theirs = other.Lend();
        return CryptographicOperations.FixedTimeEquals(mine.Span, theirs.Span);
    }

    /// <inheritdoc/>
    public override string ToString() => "SecretKey(..)";

    /// <summary>Wipes the bytes, at once or when the last lease ends.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            disposed = true;
            if (leases == 0)
            {
                Wipe();
                GC.SuppressFinalize(this);
            }
        }
    }

    private void Return()
    {
        lock (gate)
        {
            if (--leases == 0 && disposed)
            {
                Wipe();
                GC.SuppressFinalize(this);
            }
        }
    }

    private void Wipe()
    {
        if (memory != null)
        {
            SecretMemory.Free(memory, Length);
            memory = null;
        }
    }

    /// <summary>Access to a secret's bytes; dispose it as soon as they were used.</summary>
    public ref struct Lease
    {
        private SecretKey? owner;

        internal Lease(SecretKey owner, ReadOnlySpan<byte> span)
        {
            this.owner = owner;
            Span = span;
        }

        /// <summary>The secret bytes; valid until <see cref="Dispose"/>.</summary>
        public ReadOnlySpan<byte> Span { get; private set; }

        /// <summary>Gives the bytes back.</summary>
        public void Dispose()
        {
            Span = default;
            owner?.Return();
            owner = null;
        }
    }
}
