using System.Collections.Immutable;
using Sojourn.Node.Journal;
using Sojourn.Primitives;
using Sojourn.Primitives.Cbor;
using Sojourn.Protocol.Transactions;

namespace Sojourn.Node.Verifying;

/// <summary>One vote as it must survive a crash: another verdict or salt would contradict it, and without the salt it cannot be opened.</summary>
/// <param name="Executor">On whom.</param>
/// <param name="Verdict">The verdict.</param>
/// <param name="Appraisal">The digest of the appraisal.</param>
/// <param name="Salt">What keeps it from being copied.</param>
internal sealed record KeptVote(Address Executor, VoteVerdict Verdict, Digest Appraisal, Digest Salt);

/// <summary>One round's votes: kept before they are cast.</summary>
/// <param name="promises">Where.</param>
/// <param name="job">The job.</param>
/// <param name="round">The round.</param>
internal sealed class KeptVotes(PromiseLog promises, Digest job, byte round)
{
    /// <summary>Reads them; empty where there are none.</summary>
    public ImmutableArray<KeptVote> Read()
    {
        if (promises.Find(PromiseKind.Votes, job, round) is not { } bytes)
        {
            return [];
        }

        try
        {
            var reader = new CborReader(bytes.Span);
            var votes = ImmutableArray.CreateBuilder<KeptVote>();
            for (var n = reader.ReadArrayHeader(64); n > 0; n--)
            {
                reader.ReadArrayHeaderExactly(4);
                votes.Add(new KeptVote(
                    new Address(reader.ReadBytesExactly(Address.Length)), (VoteVerdict)reader.ReadUInt64(), new Digest(reader.ReadBytesExactly(Digest.Length)), new Digest(reader.ReadBytesExactly(Digest.Length))));
            }

            reader.ReadEnd();
            return votes.ToImmutable();
        }
        catch (CborException)
        {
            return []; // Not a whole record: nothing was cast after it.
        }
    }

    /// <summary>Keeps them.</summary>
    /// <param name="votes">All votes of the round.</param>
    /// <returns>Done when they survive a power cut.</returns>
    public Task WriteAsync(IEnumerable<KeptVote> votes)
    {
        var writer = new CborWriter().BeginArray();
        foreach (var vote in votes)
        {
            writer.BeginArray().WriteBytes(vote.Executor.AsSpan()).WriteUnsigned((ulong)vote.Verdict).WriteBytes(vote.Appraisal.AsSpan()).WriteBytes(vote.Salt.AsSpan()).EndArray();
        }

        return promises.KeepAsync(PromiseKind.Votes, job, round, writer.EndArray().ToArray());
    }
}
