using System.Collections.Immutable;
using Sojourn.Enclave.Fetching;
using Sojourn.Enclave.Jobs;
using Sojourn.Enclave.Running;
using Sojourn.Primitives;
using Sojourn.Protocol.Checks;
using Sojourn.Protocol.EnclaveChannel;
using Sojourn.Protocol.Guards;
using Sojourn.Protocol.Policies;
using Sojourn.Protocol.Transactions;
using Sojourn.Wasm.Wasi;

namespace Sojourn.Enclave.Checking;

/// <summary>
/// Runs a job's checker: a WASI command that sees the output at <c>/output</c> and inputs at <c>/in/NAME</c>, both read-only, and accepts by ending with 0. Of sealed inputs it sees those
/// whose policy names it among the code that may; one bit about a confidential output leaves, and no word.
/// </summary>
internal static class OutputChecker
{
    // A verifier runs it for the pay of a vote: never more than the job itself may take.
    private const ulong FuelMax = 20_000_000_000;
    private const long MemoryMax = 1 << 30;
    private const long CodeBytesMax = 256 << 20;
    private const int FilesMax = GuestEngine.OutputFilesMax + 16;

    /// <summary>Checks the output of a job that this enclave ran.</summary>
    /// <param name="job">The job; it has a checker.</param>
    /// <param name="output">The output, after guards.</param>
    /// <param name="inputs">The inputs, in the specification's order.</param>
    /// <param name="blocks">Where blocks come from.</param>
    /// <param name="reader">Reads the checker.</param>
    public static CheckerReport Run(AssignedJob job, ImmutableSortedDictionary<string, byte[]> output, IReadOnlyList<GuestInput> inputs, ChannelBlocks blocks, ContentReader reader)
    {
        var checker = job.Terms.Checker!;
        var shown = inputs.Zip(job.Inputs, (input, content) => (input, content)).Where(pair => MaySee(pair.content, checker, blocks)).Select(pair => pair.input);
        var (accepted, printed) = Ask(job, checker, output, shown, blocks, reader);
        return new CheckerReport(checker, accepted, CheckerReport.DigestOf(job.Id, accepted, IsPublic(job) ? printed : []));
    }

    /// <summary>Checks a public output that somebody else's enclave made.</summary>
    /// <param name="task">What the node asks for.</param>
    /// <param name="blocks">Where blocks come from.</param>
    /// <exception cref="EnclaveException">The job has no checker, or something of it is sealed.</exception>
    public static CheckAnswer Run(CheckTask task, ChannelBlocks blocks)
    {
        var job = AssignedJob.Derive(new Assignment(task.Genesis, task.Post, default, 0, default, DateTimeOffset.UnixEpoch), blocks);
        if (job.Terms.Checker is not { } checker || !IsPublic(job))
        {
            throw new EnclaveException(FailReason.PolicyRefused, "the job has no checker, or its inputs or output are sealed: then executors' enclaves check");
        }

        using var reader = new ContentReader(blocks);
        var inputs = job.Spec.Inputs.Zip(job.Inputs, (input, content) => new GuestInput(input.Name, reader.Files(content, null)));
        var (accepted, printed) = Ask(job, checker, Read(task.Output, job, reader), inputs, blocks, reader);
        return new CheckAnswer(accepted, CheckerReport.DigestOf(job.Id, accepted, printed));
    }

    private static bool IsPublic(AssignedJob job) => job.Spec.Recipients.IsEmpty && job.Inputs.All(input => input.Header is null);

    private static bool MaySee(AssignedContent input, Cid checker, ChannelBlocks blocks) =>
        input.Header is not { Policy: { } cid }
        || (SignedPolicy.TryDecode(blocks.Get(cid).Data.Span, out var policy) == PolicyFault.None && policy!.Policy is DataPolicy data && data.Code.Contains(checker));

    private static ImmutableSortedDictionary<string, byte[]> Read(Cid output, AssignedJob job, ContentReader reader)
    {
        var files = ImmutableSortedDictionary.CreateBuilder<string, byte[]>(StringComparer.Ordinal);
        var left = job.Spec.OutputBytesMax;
        foreach (var (path, content) in reader.Files(new AssignedContent(output, null), null))
        {
            left -= content.Length;
            if (path.Length == 0 || left < 0 || files.Count >= FilesMax)
            {
                throw new EnclaveException(FailReason.ContentBroken, "the output is no folder, or larger than the job allows");
            }

            var bytes = new byte[content.Length];
            content.Read(0, bytes);
            files[path] = bytes;
        }

        return files.ToImmutable();
    }

    private static (bool Accepted, byte[] Printed) Ask(
        AssignedJob job, Cid checker, ImmutableSortedDictionary<string, byte[]> output, IEnumerable<GuestInput> inputs, ChannelBlocks blocks, ContentReader reader)
    {
        var content = AssignedContent.Read(checker, blocks);
        if (content.Header is not null)
        {
            throw new EnclaveException(FailReason.PolicyRefused, "the checker is sealed: verifiers could not run it");
        }

        var code = reader.ReadAll(content, null, CodeBytesMax);
        var files = new InMemoryFileSystem(new InMemoryFileSystemOptions { BytesMax = long.MaxValue });
        files.CreateDirectory("output");
        files.CreateDirectory("in");
        foreach (var (path, bytes) in output)
        {
            files.WriteFile("output/" + path, bytes);
        }

        foreach (var input in inputs)
        {
            input.AttachTo(files, "in/" + input.Name);
        }

        var exit = GuestEngine.Observe(
            GuestEngine.Compile(code, $"the checker {checker}", secret: false), "checker", GuardArguments.Read(code),
            [("/output", files.GetDirectory("output").AsReadOnly()), ("/in", files.GetDirectory("in").AsReadOnly())],
            GuestRun.SeedOf(job.Id), Math.Min(MemoryMax, (long)job.Terms.MemoryMebibytes << 20), Math.Min(FuelMax, job.Terms.FuelMax), CheckerReport.BytesMax, out var printed);
        blocks.ThrowIfFailed();
        return exit == 0 ? (true, printed!) : (false, printed ?? []);
    }
}
