using System.Collections.Immutable;
using Sojourn.Content;
using Sojourn.Content.Ipfs;
using Sojourn.Cryptography.HybridEncryption;
using Sojourn.Primitives;
using Sojourn.Primitives.Cose;
using Sojourn.Protocol.DropBox;
using Sojourn.Protocol.Receipts;
using Sojourn.Protocol.Terms;
using Sojourn.Protocol.Views;

namespace Sojourn.Hosting.Publishing;

/// <summary>A job's result as its recipient holds it.</summary>
/// <param name="Executor">Whose it is.</param>
/// <param name="Receipt">The receipt, verified under the admitted key.</param>
/// <param name="Message">The receipt's bytes.</param>
/// <param name="Files">The output, by path.</param>
public sealed record FetchedResult(ExecutorView Executor, JobReceipt Receipt, ReadOnlyMemory<byte> Message, ImmutableSortedDictionary<string, byte[]> Files);

/// <summary>Fetches a job's agreed result from whichever of the executors that gave it can be reached: their outputs are sealed each for itself, and hold the same.</summary>
/// <param name="content">Where blocks come from.</param>
/// <param name="dropBox">Where receipts come from.</param>
public sealed class ResultFetcher(IBlockSource content, IDropBox dropBox)
{
    /// <summary>Fetches it.</summary>
    /// <param name="job">The job.</param>
    /// <param name="key">The recipient's key.</param>
    /// <param name="cancel">Stops it.</param>
    /// <returns>The result, or the first reason why there is none, from each executor that should have it.</returns>
    public async Task<(FetchedResult? Result, ImmutableArray<string> Reasons)> FetchAsync(JobView job, HpkePrivateKey key, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(job);
        var reasons = ImmutableArray.CreateBuilder<string>();
        foreach (var (round, executor) in job.Rounds.Reverse().SelectMany(round => round.Executors.Select(executor => (round, executor)))
            .Where(pair => job.AgreedTag is not null && pair.executor.Result?.Statement.Tag == job.AgreedTag && pair.executor.Result.Statement.Exit == job.AgreedExit))
        {
            try
            {
                var (result, reason) = await FetchAsync(job, round, executor, key, cancel).ConfigureAwait(false);
                if (result is not null)
                {
                    return (result, []);
                }

                reasons.Add($"{executor.Node}: {reason}");
            }
            catch (Exception e) when (e is IOException or HttpRequestException or InvalidDataException or ContentException or IpfsException || (e is OperationCanceledException && !cancel.IsCancellationRequested))
            {
                reasons.Add($"{executor.Node}: {e.Message}");
            }
        }

        return (null, reasons.ToImmutable());
    }

    private async Task<(FetchedResult? Result, string Reason)> FetchAsync(JobView job, RoundView round, ExecutorView executor, HpkePrivateKey key, CancellationToken cancel)
    {
        var statement = executor.Result!.Statement;
        if (await dropBox.GetAsync(job.Id, DropNames.Receipt(round.Index, executor.Node, statement.Receipt), cancel).ConfigureAwait(false) is not { } message)
        {
            return (null, "its receipt is not in the drop box");
        }

        if (Digest.Of(message.Span) != statement.Receipt || JobReceipt.Verify(message.Span, executor.Evidence!.ReceiptKey.Span) != CoseFault.None
            || !JobReceipt.TryDecode(message.Span, out var receipt, out _) || receipt!.Job != job.Id || ContentKey.Of(receipt.Output) != statement.Output)
        {
            return (null, "its receipt is not the one that the ledger names");
        }

        return (new FetchedResult(executor, receipt, message, await new OutputReader(content).OpenAsync(receipt.Output, key, cancel).ConfigureAwait(false)), "");
    }
}
