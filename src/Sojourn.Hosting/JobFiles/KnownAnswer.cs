using System.Security.Cryptography;
using Sojourn.Hosting.Devnet;
using Sojourn.Primitives;
using Sojourn.Protocol;
using Sojourn.Protocol.Terms;

namespace Sojourn.Hosting.JobFiles;

/// <summary>The right answer of a job, known to its requester and committed to in the post: shown after the results are, it finds out who did not run the job.</summary>
/// <param name="Output">The root of the public output that is right.</param>
/// <param name="Salt">What hides it in the post.</param>
public sealed record KnownAnswer(Cid Output, Digest Salt)
{
    /// <summary>What the post carries.</summary>
    public Digest Commitment => Identifiers.KnownAnswer(ContentKey.Of(Output), Salt);

    /// <summary>A commitment to an answer, with fresh salt.</summary>
    /// <param name="output">The output that is right.</param>
    public static KnownAnswer Of(Cid output) => new(output, new Digest(RandomNumberGenerator.GetBytes(Digest.Length)));

    /// <summary>Keeps it beside the requester's keys: without its salt it cannot be shown.</summary>
    /// <param name="folder">The network's folder.</param>
    /// <param name="party">The requester.</param>
    public void Keep(string folder, string party)
    {
        var path = PathOf(folder, party, Commitment);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, $"{Output} {Salt}\n");
    }

    /// <summary>Reads what was kept for a commitment; null where nothing was.</summary>
    /// <param name="folder">The network's folder.</param>
    /// <param name="party">The requester.</param>
    /// <param name="commitment">What the post carries.</param>
    public static KnownAnswer? Find(string folder, string party, in Digest commitment)
    {
        var path = PathOf(folder, party, commitment);
        return File.Exists(path) && File.ReadAllText(path).Split(' ', StringSplitOptions.TrimEntries) is [var output, var salt] && Cid.TryParse(output, out var cid) && Digest.TryParse(salt, out var digest)
            ? new KnownAnswer(cid, digest) : null;
    }

    private static string PathOf(string folder, string party, in Digest commitment) =>
        Path.Combine(Path.GetDirectoryName(DevnetFile.KeysOf(folder, party))!, "answers", commitment.ToString());
}
