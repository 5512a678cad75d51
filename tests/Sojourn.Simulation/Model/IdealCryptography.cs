using System.Security.Cryptography;
using Sojourn.Primitives;
using Sojourn.Protocol.Ports;

namespace Sojourn.Simulation.Model;

/// <summary>Keys and checks behind the protocol's ports, each key drawn from a name.</summary>
public interface ICryptography : ISignatureScheme, IVrf
{
    /// <summary>An account's key.</summary>
    ISigner Signer(string name);

    /// <summary>A node's VRF key.</summary>
    IVrfProver VrfKey(string name);

    /// <summary>An enclave's receipt key.</summary>
    IReceiptSigner ReceiptKey(string name);
}

/// <summary>An enclave's receipt key.</summary>
public interface IReceiptSigner
{
    /// <summary>33 bytes.</summary>
    ReadOnlyMemory<byte> PublicKey { get; }

    /// <summary>Signs a statement.</summary>
    byte[] Sign(Digest statement);
}

/// <summary>Signatures and VRF as ideal functions: a keyed hash whose key only the owner's object hands out. Nobody without the object can make one; a check costs a hash.</summary>
public sealed class IdealCryptography : ICryptography
{
    private readonly byte[] _root;

    public IdealCryptography(ulong seed) => _root = SHA256.HashData(BitConverter.GetBytes(seed));

    public ISigner Signer(string name)
    {
        var address = new Address(Hash("address", System.Text.Encoding.UTF8.GetBytes(name)).AsSpan()[..20]);
        return new IdealSigner(address, digest => [9, .. Hash("sign", address.AsSpan(), digest.AsSpan()).ToArray()]);
    }

    public IVrfProver VrfKey(string name)
    {
        byte[] key = [2, .. Hash("vrf-key", System.Text.Encoding.UTF8.GetBytes(name)).ToArray()];
        return new IdealVrf(key, alpha => Hash("vrf", key, alpha.AsSpan()));
    }

    public IReceiptSigner ReceiptKey(string name)
    {
        byte[] key = [3, .. Hash("receipt-key", System.Text.Encoding.UTF8.GetBytes(name)).ToArray()];
        return new IdealReceiptKey(key, digest => [.. Hash("enclave", key, digest.AsSpan()).ToArray(), .. new byte[32]]);
    }

    public bool Verify(Address sender, Digest digest, ReadOnlySpan<byte> signature) =>
        signature.Length == 33 && signature[0] == 9 && signature[1..].SequenceEqual(Hash("sign", sender.AsSpan(), digest.AsSpan()).AsSpan());

    public bool VerifyEnclave(ReadOnlySpan<byte> publicKey, Digest digest, ReadOnlySpan<byte> signature) =>
        signature.Length == 64 && signature[..32].SequenceEqual(Hash("enclave", publicKey, digest.AsSpan()).AsSpan());

    public bool Verify(ReadOnlySpan<byte> publicKey, Digest alpha, ReadOnlySpan<byte> proof, out Digest output)
    {
        output = Hash("vrf", publicKey, alpha.AsSpan());
        return proof.SequenceEqual(output.AsSpan());
    }

    private Digest Hash(string domain, ReadOnlySpan<byte> a, ReadOnlySpan<byte> b = default)
    {
        Span<byte> buffer = stackalloc byte[256];
        var at = 0;
        _root.CopyTo(buffer);
        at += 32;
        at += System.Text.Encoding.ASCII.GetBytes(domain, buffer[at..]);
        buffer[at++] = (byte)a.Length;
        a.CopyTo(buffer[at..]);
        at += a.Length;
        b.CopyTo(buffer[at..]);
        at += b.Length;
        return Digest.Of(buffer[..at]);
    }
}

public sealed class IdealSigner(Address address, Func<Digest, byte[]> sign) : ISigner
{
    public Address Address => address;

    public byte[] Sign(Digest digest) => sign(digest);
}

public sealed class IdealVrf(byte[] key, Func<Digest, Digest> evaluate) : IVrfProver
{
    public ReadOnlyMemory<byte> PublicKey => key;

    public byte[] Prove(Digest alpha, out Digest output)
    {
        output = evaluate(alpha);
        return output.ToArray();
    }
}

public sealed class IdealReceiptKey(byte[] key, Func<Digest, byte[]> sign) : IReceiptSigner
{
    public ReadOnlyMemory<byte> PublicKey => key;

    public byte[] Sign(Digest statement) => sign(statement);
}
