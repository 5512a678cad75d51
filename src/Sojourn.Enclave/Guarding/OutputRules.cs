using System.Collections.Immutable;
using Sojourn.Enclave.Fetching;
using Sojourn.Enclave.Jobs;
using Sojourn.Enclave.Running;
using Sojourn.Primitives;
using Sojourn.Protocol.Guards;
using Sojourn.Protocol.Jobs;
using Sojourn.Protocol.Policies;
using Sojourn.Protocol.Receipts;
using Sojourn.Protocol.Transactions;
using Sojourn.Wasm.Wasi;

namespace Sojourn.Enclave.Guarding;

/// <summary>What the owners' policies say about the job and about what may come out of it; the enclave holds to it whatever keepers have checked.</summary>
internal sealed class OutputRules
{
    private const ulong GuardFuelMax = 5_000_000_000;
    private const int GuardMemoryMax = 256 << 20;
    private const string LogFolder = ".sojourn/";

    // The enclave's own word: time, price and counts are for keepers, who have a clock and a ledger.
    private static readonly Clause[] Held = [Clause.Requester, Clause.Code, Clause.OutputSize, Clause.OutputRecipients, Clause.CodeSecrecy];

    private readonly ImmutableArray<Cid> _guards;
    private readonly long _bytesMax;

    private OutputRules(ImmutableArray<Cid> guards, long bytesMax)
    {
        _guards = guards;
        _bytesMax = bytesMax;
    }

    /// <summary>Whether a guard watches what leaves.</summary>
    public bool Watched => !_guards.IsEmpty;

    /// <summary>Reads the policies that the sealed contents' headers name, and holds the job against them.</summary>
    /// <param name="job">The job.</param>
    /// <param name="blocks">Where blocks come from.</param>
    /// <exception cref="EnclaveException">A policy does not allow the job, or is not one.</exception>
    public static OutputRules Read(AssignedJob job, ChannelBlocks blocks)
    {
        var policies = job.Contents.Where(content => content.Header is not null)
            .Select(content => (content.Content, Policy: ReadPolicy(content.Header!.Policy!, blocks))).ToList();
        var libraries = job.Libraries.Select(library => new LinkedModule(library.Content, OwnerOf(library))).ToImmutableArray();
        var guards = policies.Select(entry => entry.Policy.Policy).OfType<DataPolicy>().SelectMany(policy => policy.Output.Guards).Distinct().ToImmutableArray();
        foreach (var (content, policy) in policies)
        {
            var decision = PolicyEvaluator.Evaluate(policy, new PolicyRequest
            {
                Stage = PolicyStage.Offer,
                Now = policy.Policy.NotBefore,
                Requester = job.Requester,
                Content = content,
                Role = RoleOf(content, job),
                Code = job.Code.Content,
                CodeOwner = OwnerOf(job.Code),
                Libraries = libraries,
                OutputBytesMax = job.Spec.OutputBytesMax,
                OutputRecipients = job.Spec.Recipients,
                Guards = guards,
            });
            if (decision.Failures.Where(failure => Held.Contains(failure.Clause)).Select(failure => failure.Words).FirstOrDefault() is { } words)
            {
                throw new EnclaveException(FailReason.PolicyRefused, $"the policy of {content} does not allow this job: {words}");
            }
        }

        return new OutputRules(guards, job.Spec.OutputBytesMax);

        // An owner answers for a sealed module where its policy lists the module's body: anybody can name the policy in a header.
        Address? OwnerOf(AssignedContent module) =>
            AppPolicy.OwnerOf(module.Header, policies.Where(entry => entry.Content == module.Content).Select(entry => entry.Policy).FirstOrDefault());
    }

    private static ContentRoles RoleOf(Cid content, AssignedJob job) =>
        (content == job.Code.Content ? ContentRoles.Program : ContentRoles.None)
        | (job.Libraries.Any(library => library.Content == content) ? ContentRoles.Library : ContentRoles.None)
        | (job.Inputs.Any(input => input.Content == content) ? ContentRoles.Input : ContentRoles.None);

    /// <summary>Runs the guards over the output and gives what may leave.</summary>
    /// <param name="result">What the guest left.</param>
    /// <param name="job">The job.</param>
    /// <param name="reader">Reads the guards' code.</param>
    /// <param name="released">Keys, for guards that are sealed.</param>
    /// <param name="verdicts">What each guard said.</param>
    /// <exception cref="EnclaveException">A guard refused, or the output is too large.</exception>
    public ImmutableSortedDictionary<string, byte[]> Apply(
        GuestResult result, AssignedJob job, ContentReader reader, ReleasedKeys released, out ImmutableArray<GuardVerdict> verdicts)
    {
        var output = result.Files;
        if (output.Keys.Any(path => path.StartsWith(LogFolder, StringComparison.Ordinal)))
        {
            throw new EnclaveException(FailReason.PolicyRefused, $"the guest wrote below {LogFolder}, which is kept for its logs");
        }

        var said = ImmutableArray.CreateBuilder<GuardVerdict>();
        foreach (var guard in _guards)
        {
            var answer = Ask(guard, output, job, reader, released);
            if (answer.Decision == GuardDecision.Refuse)
            {
                throw new EnclaveException(FailReason.PolicyRefused, $"the guard {guard} refused the output");
            }

            output = Striking.Apply(output, answer.Strikes, out var struck)
                ?? throw new EnclaveException(FailReason.PolicyRefused, $"the guard {guard} struck out a range that is not there");
            said.Add(new GuardVerdict(guard, answer.Decision, struck));
        }

        // Where a guard watches what leaves, nothing leaves that it did not see: logs are dropped.
        if (_guards.IsEmpty)
        {
            output = output.SetItem(LogFolder + "stdout", result.StandardOutput).SetItem(LogFolder + "stderr", result.StandardError);
        }

        var bytes = output.Sum(file => file.Value.LongLength);
        if (bytes > _bytesMax)
        {
            throw new EnclaveException(FailReason.PolicyRefused, $"the output is larger than the {_bytesMax} bytes that the job and its policies allow");
        }

        verdicts = said.ToImmutable();
        return output;
    }

    /// <summary>
    /// What the receipt may tell of how the guest ended. Exit code and fuel are the guest's to choose; where a guard watches what leaves, they shrink to success, failure or
    /// trap, and to fuel rounded up to a power of two, or they would carry what the guard would have struck out.
    /// </summary>
    /// <param name="result">How the guest ended.</param>
    public GuestResult Coarsen(GuestResult result) => _guards.IsEmpty ? result : result with
    {
        Exit = result.Exit == 0 ? 0 : (result.Exit & GuestEngine.TrapBit) == 0 ? 1 : GuestEngine.TrapBit,
        Fuel = RoundUp(result.Fuel),
    };

    internal static ulong RoundUp(ulong fuel) => fuel > 1UL << 63 ? ulong.MaxValue : System.Numerics.BitOperations.RoundUpToPowerOf2(fuel);

    private static SignedPolicy ReadPolicy(Cid cid, ChannelBlocks blocks)
    {
        var fault = SignedPolicy.TryDecode(blocks.Get(cid).Data.Span, out var policy);
        return fault == PolicyFault.None ? policy! : throw new EnclaveException(FailReason.PolicyRefused, $"{cid} is no signed policy ({fault})");
    }

    private static GuardAnswer Ask(Cid guard, ImmutableSortedDictionary<string, byte[]> output, AssignedJob job, ContentReader reader, ReleasedKeys released)
    {
        var code = reader.ReadAll(new AssignedContent(guard, null), null, GuardMemoryMax);
        var files = new InMemoryFileSystem();
        foreach (var (path, content) in output)
        {
            files.WriteFile(path, content);
        }

        var answer = GuestEngine.RunGuard(GuestEngine.Compile(code, $"the guard {guard}", secret: false), GuardArguments.Read(code), files, GuestRun.SeedOf(job.Id), GuardMemoryMax, GuardFuelMax);
        return answer is null ? GuardAnswer.Refused : GuardAnswer.Parse(answer);
    }
}
