using System.Globalization;

namespace Sojourn.Cryptography.Sealing;

/// <summary>A stream of sealed content met bytes that it must not hand on.</summary>
public sealed class SealedContentException : IOException
{
    /// <summary>Names the fault and where it is.</summary>
    /// <param name="fault">What is wrong.</param>
    /// <param name="chunk">The chunk's index, or −1 for the header.</param>
    public SealedContentException(SealedFault fault, long chunk = -1)
        : base(chunk < 0
            ? $"The sealed content cannot be opened: {fault}."
            : string.Create(CultureInfo.InvariantCulture, $"The sealed content cannot be opened: {fault} at chunk {chunk}."))
    {
        Fault = fault;
        Chunk = chunk;
    }

    /// <summary>What is wrong.</summary>
    public SealedFault Fault { get; }

    /// <summary>The chunk's index, or −1 for the header.</summary>
    public long Chunk { get; }

    internal static void ThrowIf(SealedFault fault, long chunk = -1)
    {
        if (fault != SealedFault.None)
        {
            throw new SealedContentException(fault, chunk);
        }
    }
}
