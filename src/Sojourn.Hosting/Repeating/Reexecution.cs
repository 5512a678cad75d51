using System.Collections.Immutable;
using Sojourn.Content;
using Sojourn.Node.Enclaves;
using Sojourn.Node.Executing;
using Sojourn.Primitives;
using Sojourn.Protocol;
using Sojourn.Protocol.EnclaveChannel;
using Sojourn.Protocol.Jobs;
using Sojourn.Protocol.Reasons;
using Sojourn.Protocol.Receipts;
using Sojourn.Protocol.Terms;
using Sojourn.Protocol.Transactions;

namespace Sojourn.Hosting.Repeating;

/// <summary>Why a receipt's job cannot be run again here.</summary>
public enum RepeatFault
{
    /// <summary>It can.</summary>
    None,

    /// <summary>The post is not that of the receipt's job.</summary>
    OtherJob,

    /// <summary>The job was not deterministic: another run may differ and be right.</summary>
    NotDeterministic,

    /// <summary>Something of the job is sealed: only its keepers can let it run again, as an audit does.</summary>
    Sealed,

    /// <summary>The specification is not to be had.</summary>
    ContentMissing,

    /// <summary>The enclave here could not run it.</summary>
    Refused,

    /// <summary>Another engine or another version of it: fuel and traps may differ.</summary>
    OtherEngine,
}

/// <summary>What another run of a receipt's job gave.</summary>
/// <param name="Fault">Why there was none.</param>
/// <param name="Words">The fault in words; empty without one.</param>
/// <param name="Differences">What differs from the receipt, each in words; empty where nothing does.</param>
public sealed record RepeatVerdict(RepeatFault Fault, string Words, ImmutableArray<string> Differences);

/// <summary>Runs a public, deterministic job again, in an enclave of this machine, and compares what comes out with its receipt.</summary>
/// <param name="content">Where blocks come from; each is verified.</param>
/// <param name="enclaves">Starts the enclave.</param>
public sealed class Reexecution(IBlockSource content, EnclavePool enclaves)
{
    /// <summary>Runs it.</summary>
    /// <param name="receipt">The receipt, verified.</param>
    /// <param name="post">The job's post, encoded; untrusted: its digest makes the job's id.</param>
    /// <param name="progress">Told how far it is; null for nobody.</param>
    /// <param name="cancel">Stops it.</param>
    public async Task<RepeatVerdict> RunAsync(JobReceipt receipt, ReadOnlyMemory<byte> post, Action<EnclaveProgress>? progress, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(receipt);
        if (SignedTransaction.TryDecode(post.Span, out var signed) != Refusal.None || signed!.Body is not JobPost { Terms: { } terms }
            || Identifiers.Job(receipt.Genesis, signed.Sender, signed.Nonce, signed.BodyDigest) != receipt.Job)
        {
            return Cannot(RepeatFault.OtherJob, "the post is not that of the receipt's job");
        }

        if (!receipt.Deterministic)
        {
            return Cannot(RepeatFault.NotDeterministic, "the job used real clocks and randomness, so that another run may differ and be right");
        }

        if (await content.GetAsync(terms.Spec, cancel).ConfigureAwait(false) is not { } block || !JobSpec.TryDecode(block.Data.Span, out var spec, out _))
        {
            return Cannot(RepeatFault.ContentMissing, $"the specification {terms.Spec} is not to be had");
        }

        if (spec!.Libraries.Select(library => library.Content).Concat(terms.Inputs).Prepend(terms.Code).FirstOrDefault(cid => cid.Codec == Multicodec.DagCbor) is { } sealedContent)
        {
            return Cannot(RepeatFault.Sealed, $"{sealedContent} is sealed: only its keeper can let the job run again, as an audit does");
        }

        try
        {
            var run = new EnclaveRun(await enclaves.TakeAsync(cancel).ConfigureAwait(false), content, new Discard());
            await using (run.ConfigureAwait(false))
            {
                await run.AssignAsync(new Assignment(receipt.Genesis, post, receipt.Beacon, receipt.Round, receipt.Executor, receipt.Started), cancel).ConfigureAwait(false);
                // An admission of nothing: this run is nobody's claim, and no key is asked for.
                var admission = Identifiers.Admission(receipt.Job, receipt.Round, receipt.Executor, receipt.Evidence);
                var outcome = await run.ExecuteAsync(new Releases(admission, receipt.Evidence, []), new EnclaveListener { Progress = progress }, cancel).ConfigureAwait(false);
                return JobReceipt.TryDecode(outcome.Receipt.Span, out var again, out _) ? Compare(receipt, again!, spec.Recipients.IsEmpty)
                    : Cannot(RepeatFault.Refused, "the enclave here gave no receipt");
            }
        }
        catch (EnclaveRefusedException e)
        {
            return Cannot(RepeatFault.Refused, e.Message);
        }
        catch (ChannelException e)
        {
            return Cannot(RepeatFault.Refused, e.Message);
        }
    }

    private static RepeatVerdict Compare(JobReceipt said, JobReceipt again, bool publicOutput)
    {
        if (said.Engine != again.Engine)
        {
            return Cannot(RepeatFault.OtherEngine, $"the receipt's engine is {said.Engine}, the one here is {again.Engine}");
        }

        var differences = ImmutableArray.CreateBuilder<string>();
        Look("the result's tag", said.Tag, again.Tag);
        Look("the exit code", said.Exit, again.Exit);
        Look("the fuel", said.Fuel, again.Fuel);
        if (publicOutput)
        {
            // A sealed output is another one each time; its tag is not.
            Look("the output", said.Output, again.Output);
        }

        Look("the checker's verdict", said.Checked?.Accepted, again.Checked?.Accepted);
        return new RepeatVerdict(RepeatFault.None, "", differences.ToImmutable());

        void Look<T>(string what, T before, T now)
        {
            if (!EqualityComparer<T>.Default.Equals(before, now))
            {
                differences.Add($"{what}: the receipt says {before}, this run gave {now}");
            }
        }
    }

    private static RepeatVerdict Cannot(RepeatFault fault, string words) => new(fault, words, []);

    private sealed class Discard : IBlockSink
    {
        public ValueTask PutAsync(Block block, CancellationToken cancellationToken = default) => default;
    }
}
