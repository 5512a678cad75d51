using Sojourn.Cryptography.Secrets;

namespace Sojourn.Cryptography.HybridEncryption;

/// <summary>A key shared beforehand (RFC 9180, 5.1.2). Both parts are present, so the spec's inconsistent inputs cannot be written.</summary>
public sealed class HpkePsk
{
    /// <summary>Names a shared key.</summary>
    /// <param name="key">At least 32 bytes (RFC 9180, 9.5).</param>
    /// <param name="id">Not empty.</param>
    public HpkePsk(SecretKey key, ReadOnlyMemory<byte> id)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentOutOfRangeException.ThrowIfLessThan(key.Length, 32, nameof(key));
        ArgumentOutOfRangeException.ThrowIfZero(id.Length, nameof(id));
        Key = key;
        Id = id;
    }

    /// <summary>The secret.</summary>
    public SecretKey Key { get; }

    /// <summary>Its public name.</summary>
    public ReadOnlyMemory<byte> Id { get; }
}
