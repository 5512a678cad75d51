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

    /// <summary>Checks that there is room. Nothing is dropped for it: who knows which jobs are closed makes room (<see cref="UploadRules"/>).</summary>
    /// <exception cref="DropBoxException">There is none.</exception>
    public static void CheckRoom(int boxes, bool known, int objects, long jobBytes, long bytes, int length, long bytesMax)
    {
        if (!known && boxes >= DropBoxLimits.JobsMax)
        {
            throw new DropBoxException(DropBoxFault.Full, $"{boxes} jobs have boxes here, and no more are taken");
        }

        if (objects >= DropBoxLimits.JobObjectsMax || jobBytes + length > DropBoxLimits.JobBytesMax)
        {
            throw new DropBoxException(DropBoxFault.Full, $"the job's box is full ({objects} objects, {jobBytes} bytes)");
        }

        if (bytes + length > bytesMax)
        {
            throw new DropBoxException(DropBoxFault.Full, $"the drop box is full ({bytes} of {bytesMax} bytes)");
        }
    }
}
