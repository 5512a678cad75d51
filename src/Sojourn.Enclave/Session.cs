using System.Collections.Immutable;
using Sojourn.Attestation;
using Sojourn.Cryptography.HybridEncryption;
using Sojourn.Cryptography.Secrets;
using Sojourn.Enclave.Checking;
using Sojourn.Enclave.Fetching;
using Sojourn.Enclave.Guarding;
using Sojourn.Enclave.Jobs;
using Sojourn.Enclave.Running;
using Sojourn.Enclave.Sealing;
using Sojourn.Primitives;
using Sojourn.Protocol;
using Sojourn.Protocol.Checks;
using Sojourn.Protocol.EnclaveChannel;
using Sojourn.Protocol.Receipts;
using Sojourn.Protocol.Releases;
using Sojourn.Protocol.Terms;
using Sojourn.Protocol.Transactions;

namespace Sojourn.Enclave;

/// <summary>One job, from its assignment to its receipt. Everything the node says is untrusted input.</summary>
/// <param name="channel">The conversation with the node.</param>
internal sealed class Session(SyncChannel channel)
{
    private const long ModuleBytesMax = 256 << 20;

    // A job names at most 16 offers, and each brings one release.
    private const int AsksMax = 64;

    /// <summary>Runs the job, or a checker over another one's public output.</summary>
    /// <exception cref="EnclaveException">The job cannot be run.</exception>
    /// <exception cref="ChannelException">The node broke the conversation's rules.</exception>
    public void Run()
    {
        var blocks = new ChannelBlocks(channel);
        var frame = channel.Receive();
        switch (frame.Type)
        {
            case MessageType.Assignment:
                Run(Assignment.Decode(frame.Payload.Span), blocks);
                break;
            case MessageType.Check:
                channel.Send(MessageType.Checked, OutputChecker.Run(CheckTask.Decode(frame.Payload.Span), blocks).Encode());
                break;
            default:
                throw new ChannelException(ChannelFault.OutOfOrder, $"{MessageType.Assignment} was expected, {frame.Type} came");
        }
    }

    private void Run(Assignment assignment, ChannelBlocks blocks)
    {
        var job = AssignedJob.Derive(assignment, blocks);
        using var keys = EnclaveKeys.Generate();
        channel.Send(MessageType.Identity, Identify(job, keys).Encode());

        using var released = Collect(job, keys, out var releases);
        if (released.WrongShares.Count > 0)
        {
            channel.Send(MessageType.Notice, new EnclaveNotice($"custodians whose shares were wrong: {string.Join(", ", released.WrongShares)}").Encode());
        }

        channel.Send(MessageType.Outcome, Execute(job, blocks, released, releases, keys).Encode());
    }

    // Shares of custodians come one after another, and some may be wrong: as long as the node says that more may come, they are awaited.
    private ReleasedKeys Collect(AssignedJob job, EnclaveKeys keys, out Releases releases)
    {
        for (var asked = 0; ; asked++)
        {
            releases = Releases.Decode(channel.Expect(MessageType.Releases).Span);
            if (releases.Admission != Identifiers.Admission(job.Id, job.Assignment.Round, job.Assignment.Executor, releases.EvidenceDigest))
            {
                throw new EnclaveException(FailReason.Enclave, "the admission is not that of this job, round and executor");
            }

            try
            {
                return ReleasedKeys.Open(job, releases, keys.Hpke);
            }
            catch (EnclaveException e) when (e.Reason == FailReason.KeyMissing && !releases.Final && asked < AsksMax)
            {
                channel.Send(MessageType.KeysAwaited, new EnclaveNotice(e.Message).Encode());
            }
        }
    }

    private static EnclaveIdentity Identify(AssignedJob job, EnclaveKeys keys)
    {
        var needs = job.Contents.Where(content => content.Header is not null)
            .Select(content => new SealedNeed(content.Content, content.Header!.Policy!)).Distinct().ToImmutableArray();
        var binding = new JobBinding
        {
            Genesis = job.Assignment.Genesis.ToArray(),
            Beacon = job.Assignment.Beacon.ToArray(),
            JobId = job.Id.ToArray(),
            Executor = job.Assignment.Executor.ToArray(),
            Round = job.Assignment.Round,
            PolicyCids = [.. needs.Select(need => (ReadOnlyMemory<byte>)need.Policy.Bytes.ToArray())],
            HpkeKey = keys.Hpke.Public.Bytes,
            ReceiptKey = keys.ReceiptPublic,
        };
        return new EnclaveIdentity(keys.Hpke.Public.Bytes, keys.ReceiptPublic, binding.Encode(), needs);
    }

    private Outcome Execute(AssignedJob job, ChannelBlocks blocks, ReleasedKeys released, Releases releases, EnclaveKeys keys)
    {
        using var reader = new ContentReader(blocks);
        var rules = OutputRules.Read(job, blocks);

        Report(EnclaveStage.Compiling);
        var program = GuestEngine.Compile(reader.ReadAll(job.Code, released.For(job.Code), ModuleBytesMax), "the code", job.Code.Header is not null);
        var inputs = job.Spec.Inputs.Zip(job.Inputs, (input, content) => new GuestInput(input.Name, reader.Files(content, released.For(content)))).ToList();
        var libraries = job.Spec.Libraries.Zip(job.Libraries, (library, content) => new GuestLibrary(
            library.Name, GuestEngine.Compile(reader.ReadAll(content, released.For(content), ModuleBytesMax), $"the library {library.Name}", content.Header is not null),
            [.. inputs.Where(input => library.Inputs.Contains(input.Name))], library.MayWriteOutput)).ToList();
        var standardInput = job.Spec.Inputs.FirstOrDefault(input => input.IsStandardInput)?.Name;

        Report(EnclaveStage.Running);
        var result = GuestEngine.Run(new GuestRun
        {
            Program = program,
            ProgramName = "guest",
            Spec = job.Spec,
            Inputs = [.. inputs.Where(input => input.Name != standardInput)],
            StandardInput = standardInput is null ? null : InputStream.Of(inputs.First(input => input.Name == standardInput)),
            Libraries = libraries,
            Progress = rules.Watched ? null : share => channel.Send(MessageType.Progress, new EnclaveProgress(EnclaveStage.Running, (ulong)share, 100).Encode()),
            Secret = job.Libraries.Append(job.Code).Any(content => content.Header is not null),
            Seed = GuestRun.SeedOf(job.Id),
            MemoryBytesMax = (long)job.Terms.MemoryMebibytes << 20,
            FuelMax = job.Terms.FuelMax,
        });

        blocks.ThrowIfFailed();

        Report(EnclaveStage.Guarding);
        var output = rules.Apply(result, job, reader, released, out var verdicts);

        CheckerReport? report = null;
        if (job.Terms.Checker is not null)
        {
            Report(EnclaveStage.Checking);
            report = OutputChecker.Run(job, output, inputs, blocks, reader);
        }

        Report(EnclaveStage.Sealing);
        var tag = OutputTag.Compute(released.All, job.Id, output);
        var root = new OutputWriter(blocks).Write(job.Spec, output, job.Terms.Spec);
        return Sign(job, releases, keys, rules.Coarsen(result), verdicts, report, tag, root);
    }

    private static Outcome Sign(
        AssignedJob job, Releases releases, EnclaveKeys keys, GuestResult result, ImmutableArray<GuardVerdict> verdicts, CheckerReport? report, Digest tag, Cid root)
    {
        var receipt = new JobReceipt
        {
            Genesis = job.Assignment.Genesis,
            Job = job.Id,
            Round = job.Assignment.Round,
            Executor = job.Assignment.Executor,
            Beacon = job.Assignment.Beacon,
            Spec = job.Terms.Spec,
            Code = job.Terms.Code,
            Inputs = job.Terms.Inputs,
            Output = root,
            Tag = tag,
            Exit = result.Exit,
            Fuel = result.Fuel,
            Engine = GuestEngine.Name,
            Deterministic = job.Spec.Deterministic,
            Admission = releases.Admission,
            Evidence = releases.EvidenceDigest,
            Guards = verdicts,
            Checked = report,
            Started = job.Assignment.At,
            Signed = job.Assignment.At,
        }.Sign(keys.Receipt, keys.ReceiptPublic);
        var statement = new ResultStatement(tag, result.Exit, result.Fuel, ContentKey.Of(root), Digest.Of(receipt));
        var digest = Identifiers.Statement(job.Id, job.Assignment.Round, job.Assignment.Executor, statement);
        return new Outcome(statement, keys.Receipt.SignHash(digest.AsSpan()), root, receipt);
    }

    private void Report(EnclaveStage stage) => channel.Send(MessageType.Progress, new EnclaveProgress(stage, 0, 0).Encode());
}
