using Sojourn.Protocol.DropBox;

namespace Sojourn.Hosting.DropBox;

/// <summary>What every drop box refuses before it looks at its store.</summary>
internal static class DropBoxRules
{
    /// <summary>Checks name and size.</summary>
    /// <exception cref="DropBoxException">It is refused.</exception>
    public static void Check(string name, ReadOnlySpan<byte> content)
    {
        if (!DropBoxLimits.IsName(name) || content.Length > DropBoxLimits.ObjectBytesMax)
        {
            throw new DropBoxException(DropBoxFault.TooLarge, $"'{name}' of {content.Length} bytes: a name of at most 96 plain characters and at most {DropBoxLimits.ObjectBytesMax} bytes are taken");
        }

        if (!DropNames.Fits(name, content))
        {
            throw new DropBoxException(DropBoxFault.Misnamed, $"'{name}' does not end with the digest of its {content.Length} bytes");
        }
    }
}
