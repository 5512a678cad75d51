namespace Sojourn.Protocol.DropBox;

/// <summary>What a drop box takes.</summary>
public static class DropBoxLimits
{
    /// <summary>The longest object: 1 MiB.</summary>
    public const int ObjectBytesMax = 1 << 20;

    /// <summary>The most bytes of one job: 64 MiB.</summary>
    public const long JobBytesMax = 64 << 20;

    /// <summary>The most objects of one job.</summary>
    public const int JobObjectsMax = 1024;

    /// <summary>The most jobs held at once; the oldest is dropped first.</summary>
    public const int JobsMax = 4096;

    /// <summary>Whether a name can be used.</summary>
    /// <param name="name">The object's name.</param>
    public static bool IsName(string name) =>
        name.Length is > 0 and <= 96 && name[0] != '.' && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-');
}
