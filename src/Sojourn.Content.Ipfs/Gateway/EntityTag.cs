namespace Sojourn.Content.Ipfs.Gateway;

/// <summary>Compares entity tags.</summary>
/// <remarks>RFC 9110, sections 8.8.3 and 13.1.2: If-None-Match compares weakly.</remarks>
internal static class EntityTag
{
    /// <summary>Whether a header names the tag.</summary>
    /// <param name="header">If-None-Match: a list, or <c>*</c>.</param>
    /// <param name="tag">The tag, quoted, perhaps weak.</param>
    public static bool Matches(string? header, string tag)
    {
        if (string.IsNullOrEmpty(header))
        {
            return false;
        }

        var bare = Bare(tag);
        return header.Split(',', StringSplitOptions.TrimEntries).Any(each => each == "*" || Bare(each) == bare);
    }

    private static string Bare(string tag) => tag.StartsWith("W/", StringComparison.Ordinal) ? tag[2..] : tag;
}
