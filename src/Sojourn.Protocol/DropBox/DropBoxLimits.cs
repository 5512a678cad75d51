namespace Sojourn.Protocol.DropBox;

/// <summary>What a drop box takes.</summary>
public static class DropBoxLimits
{
    /// <summary>The longest object: 1 MiB.</summary>
    public const int ObjectBytesMax = 1 << 20;

    /// <summary>The most bytes that one account may leave for one job: 4 MiB. Evidence, a receipt and all that is said in a round are below 3 MiB.</summary>
    public const long PartyBytesMax = 4 << 20;

    /// <summary>The most objects that one account may leave for one job.</summary>
    public const int PartyObjectsMax = 1024;

    /// <summary>The most bytes of one job, 512 MiB: room for 128 parties that use up all that is theirs.</summary>
    public const long JobBytesMax = 512 << 20;

    /// <summary>The most objects of one job: as many for as many parties.</summary>
    public const int JobObjectsMax = 128 * PartyObjectsMax;

    /// <summary>The most jobs held at once. A closed job's box makes room for another; an open job's never does.</summary>
    public const int JobsMax = 4096;

    /// <summary>The most boxes of open jobs of one requester.</summary>
    public const int RequesterJobsMax = 256;

    /// <summary>Whether a name can be used.</summary>
    /// <param name="name">The object's name.</param>
    public static bool IsName(string name) =>
        name.Length is > 0 and <= 96 && name[0] != '.' && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-');
}
