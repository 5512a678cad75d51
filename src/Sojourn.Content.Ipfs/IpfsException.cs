namespace Sojourn.Content.Ipfs;

/// <summary>The world failed: a disk, a gateway, a Kubo node. The children carry what a caller needs to decide.</summary>
public abstract class IpfsException : Exception
{
    /// <summary>Makes the exception.</summary>
    /// <param name="message">What happened and where.</param>
    /// <param name="inner">The cause, or null.</param>
    protected IpfsException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}
