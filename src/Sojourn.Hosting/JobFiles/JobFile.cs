using System.Collections.Immutable;
using System.Security.Cryptography;
using Sojourn.Attestation;
using Sojourn.Hosting.Yaml;
using Sojourn.Primitives;
using Sojourn.Protocol.Jobs;
using Sojourn.Protocol.Terms;

namespace Sojourn.Hosting.JobFiles;

/// <summary>A job as a person writes it: YAML with the names that Bacalhau's users know, and <c>Verification</c>, <c>Confidentiality</c>, <c>Payment</c>.</summary>
/// <param name="Spec">What the guest is given.</param>
/// <param name="Terms">What the ledger agrees on; offers are filled in when it is posted.</param>
/// <param name="Recipients">Names or keys, as written, to which the output is sealed.</param>
public sealed record JobFile(JobSpec Spec, JobTerms Terms, ImmutableArray<string> Recipients)
{
    // Phases other than the draw end as soon as nobody's move is awaited, so time for a busy machine costs nothing on an idle one; the draw's window does: it lasts as long as it is, whoever answers.
    private static readonly JobWindows Windows = JobWindows.Fast with { Ticket = 25, Evidence = 400, Vote = 300, Reveal = 300 };

    /// <summary>The answer that the requester knows beforehand; null where it knows none. To be kept until the job is judged.</summary>
    public KnownAnswer? Answer { get; init; }

    /// <summary>Reads a job file.</summary>
    /// <param name="file">The name to show.</param>
    /// <param name="text">YAML.</param>
    /// <exception cref="YamlFileException">Something is unknown, missing or out of bounds; the message names the line and the nearest key.</exception>
    public static JobFile Parse(string file, string text)
    {
        var root = YamlMap.Parse(file, text);
        var name = root.Text("Name") ?? "";
        if (root.Text("Type") is { } type and not "batch")
        {
            throw root.Error("Type", $"batch was expected, not '{type}'");
        }

        var executors = (byte)(root.Number("Count", 1, JobTerms.ExecutorsMax) ?? 1);
        var tasks = root.Maps("Tasks");
        if (tasks.Count != 1)
        {
            throw root.Error("Tasks", $"one task was expected, {tasks.Count} are there");
        }

        var task = ReadTask(tasks[0]);
        var (verification, known) = ReadVerification(root.Map("Verification"), executors);
        var (level, custody, recipients) = ReadConfidentiality(root.Map("Confidentiality"));
        if (known is not null && !recipients.IsEmpty)
        {
            throw root.Error("Verification", "a known answer is compared as content, and a sealed output is another one each time: leave Recipients out, or leave KnownAnswer out");
        }

        var answer = known is null ? null : KnownAnswer.Of(known);
        var payment = ReadPayment(root.Map("Payment"));
        root.Done();
        var spec = task.Spec with { Name = name };
        return new JobFile(
            spec,
            payment(verification(new JobTerms
            {
                Spec = spec.Cid,
                Code = task.Code,
                Inputs = [.. spec.Inputs.Select(input => input.Content)],
                Executors = executors,
                LevelMin = level,
                CustodyMin = custody,
                MemoryMebibytes = task.Memory,
                FuelMax = task.Fuel,
                AnswerCommitment = answer?.Commitment ?? new Digest(RandomNumberGenerator.GetBytes(Digest.Length)),
            })),
            recipients) { Answer = answer };
    }

    /// <summary>The same job with its output sealed to some keys.</summary>
    /// <param name="keys">HPKE public keys, 65 bytes each.</param>
    /// <param name="offers">The offers under which contents are used.</param>
    public JobFile For(IEnumerable<ReadOnlyMemory<byte>> keys, IEnumerable<Digest> offers)
    {
        var spec = Spec with { Recipients = [.. keys] };
        return this with { Spec = spec, Terms = Terms with { Spec = spec.Cid, Offers = [.. offers.Order()] } };
    }

    private static (JobSpec Spec, Cid Code, uint Memory, ulong Fuel) ReadTask(YamlMap task)
    {
        task.Text("Name");
        var engine = task.Map("Engine") ?? throw task.Error("Engine", "is missing");
        if (!string.Equals(engine.Required("Type"), "wasm", StringComparison.OrdinalIgnoreCase))
        {
            throw engine.Error("Type", "wasm is the engine there is");
        }

        var parameters = engine.Map("Params") ?? throw engine.Error("Params", "is missing");
        var code = CidOf(parameters, "EntryModule");
        var arguments = parameters.Texts("Parameters");
        var environment = parameters.Pairs("EnvironmentVariables");
        var libraries = parameters.Maps("Libraries").Select(library =>
        {
            var read = new JobLibrary(library.Required("Name"), CidOf(library, "Source"), [.. library.Texts("Inputs")], library.Flag("Output") ?? false);
            library.Done();
            return read;
        }).ToImmutableArray();
        parameters.Done();
        engine.Done();

        var inputs = task.Maps("InputSources").Select(ReadInput).ToImmutableArray();
        foreach (var result in task.Maps("ResultPaths"))
        {
            result.Text("Name");
            if (result.Text("Path") is { } path and not "/output")
            {
                throw result.Error("Path", $"/output is where results are taken from, not '{path}'");
            }

            result.Done();
        }

        var publisher = task.Map("Publisher");
        publisher?.Text("Type");
        publisher?.Done();
        var resources = task.Map("Resources");
        var memory = resources?.Size("Memory") ?? 64 << 20;
        var fuel = resources?.Number("Fuel", 1, long.MaxValue) ?? 10_000_000_000;
        var output = resources?.Size("Output") ?? 64 << 10;
        var stack = resources?.Size("Stack") ?? 1 << 20;
        resources?.Done();
        var network = task.Map("Network");
        if (network?.Text("Type") is { } kind && !string.Equals(kind, "None", StringComparison.OrdinalIgnoreCase))
        {
            throw network.Error("Type", "None: a guest has no network");
        }

        network?.Done();
        var timeouts = task.Map("Timeouts");
        var time = timeouts?.Duration("ExecutionTimeout") ?? TimeSpan.FromSeconds(60);
        timeouts?.Done();
        var deterministic = task.Flag("Deterministic") ?? true;
        task.Done();
        var spec = new JobSpec
        {
            Arguments = [.. arguments],
            Environment = environment.ToImmutableSortedDictionary(StringComparer.Ordinal),
            Inputs = inputs,
            Libraries = libraries,
            OutputBytesMax = output,
            StackBytesMax = (int)Math.Min(stack, int.MaxValue),
            TimeMax = time,
            Deterministic = deterministic,
        };
        return spec.Fault() is { } fault ? throw task.Error("InputSources", fault) : (spec, code, (uint)Math.Clamp((memory + (1 << 20) - 1) >> 20, 1, 65_536), (ulong)fuel);
    }

    private static JobInput ReadInput(YamlMap input)
    {
        var source = input.Map("Source") ?? throw input.Error("Source", "is missing");
        if (!string.Equals(source.Required("Type"), "ipfs", StringComparison.OrdinalIgnoreCase))
        {
            throw source.Error("Type", "ipfs is the source there is");
        }

        var parameters = source.Map("Params") ?? throw source.Error("Params", "is missing");
        var cid = CidOf(parameters, "CID");
        parameters.Done();
        source.Done();
        var target = input.Required("Target");
        input.Text("Alias");
        input.Done();
        return target == "stdin" ? new JobInput("stdin", cid, IsStandardInput: true)
            : target.StartsWith("/in/", StringComparison.Ordinal) ? new JobInput(target[4..], cid)
            : throw input.Error("Target", $"a path such as /in/name, or stdin, was expected, not '{target}'");
    }

    private static (Func<JobTerms, JobTerms> Change, Cid? KnownAnswer) ReadVerification(YamlMap? map, byte executors)
    {
        var agreeing = (byte)(map?.Number("Agreeing", 1, executors) ?? ((executors / 2) + 1));
        var verifiers = (byte)(map?.Number("Verifiers", 1, JobTerms.VerifiersMax) ?? 4);
        var nodes = (byte)(map?.Number("VerifierNodes", 1, verifiers) ?? 1);
        var audit = map?.Number("AuditPercent", 0, 100) ?? 0;
        var redraws = (byte)(map?.Number("Redraws", 0, 8) ?? 2);
        var locality = (byte)(map?.Number("Locality", 0, 255) ?? 0);
        var review = map?.Flag("Review") ?? false;
        var checker = ContentOf("Checker");
        var known = ContentOf("KnownAnswer");
        // Who must run or look needs time to; the window ends early once everybody has.
        var judge = (uint?)map?.Number("JudgeHeights", 1, 100_000) ?? (review || known is not null ? 2000 : checker is not null ? 1000 : JobWindows.Fast.Judge);
        map?.Done();
        return (terms => terms with
        {
            Windows = Windows with { Judge = judge },
            Agreeing = agreeing,
            Verifiers = verifiers,
            VerifierNodesMin = nodes,
            Audit = (uint)audit * 10_000,
            RedrawsMax = redraws,
            LocalityMin = locality,
            Checker = checker,
            Modes = (review ? VerificationModes.Review : VerificationModes.None) | (checker is null ? VerificationModes.None : VerificationModes.Checker)
                | (known is null ? VerificationModes.None : VerificationModes.KnownAnswer),
        }, known);

        Cid? ContentOf(string key) => map?.Text(key) is { } text ? (Cid.TryParse(text, out var cid) ? cid : throw map.Error(key, $"a CID was expected, not '{text}'")) : null;
    }

    private static (TrustLevel Level, CustodyClass Custody, ImmutableArray<string> Recipients) ReadConfidentiality(YamlMap? map)
    {
        var level = TrustLevel.Tee;
        if (map?.Text("Level") is { } text && !TrustLevels.TryParse(text, out level))
        {
            throw map.Error("Level", $"simulated, tpm, tee or tee+tpm was expected, not '{text}'");
        }

        var custody = map?.Word<CustodyClass>("Custody") ?? CustodyClass.Unknown;
        var recipients = map?.Texts("Recipients").ToImmutableArray() ?? [];
        map?.Done();
        return (level, custody, recipients);
    }

    private static Func<JobTerms, JobTerms> ReadPayment(YamlMap? map)
    {
        var executor = map?.Number("Executor", 0, long.MaxValue) ?? 100;
        var verifier = map?.Number("Verifier", 0, long.MaxValue) ?? 5;
        var storage = map?.Number("Storage", 0, long.MaxValue) ?? 0;
        map?.Done();
        return terms => terms with { ExecutorPay = (ulong)executor, VerifierPay = (ulong)verifier, StoragePay = (ulong)storage };
    }

    private static Cid CidOf(YamlMap map, string key)
    {
        var text = map.Required(key);
        return Cid.TryParse(text, out var cid) ? cid : throw map.Error(key, $"a CID was expected, not '{text}'");
    }
}
