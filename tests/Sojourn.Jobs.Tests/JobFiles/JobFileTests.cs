using Sojourn.Attestation;
using Sojourn.Hosting.JobFiles;
using Sojourn.Hosting.Yaml;
using Sojourn.Primitives;
using Sojourn.Protocol;
using Sojourn.Protocol.Jobs;
using Sojourn.Protocol.Terms;

namespace Sojourn.Jobs.Tests.JobFiles;

public sealed class JobFileTests
{
    private static readonly string Code = Cid.ForRaw("code"u8).ToString();
    private static readonly string Data = Cid.ForRaw("data"u8).ToString();

    private static string Yaml => $$"""
        Name: sums
        Type: batch
        Count: 3
        Tasks:
          - Name: main
            Engine:
              Type: wasm
              Params:
                EntryModule: {{Code}}
                Parameters: [/in/table, "--group", ward]
                EnvironmentVariables: {LANG: C}
            InputSources:
              - Source: {Type: ipfs, Params: { CID: {{Data}} } }
                Target: /in/table
            ResultPaths:
              - {Name: out, Path: /output}
            Resources: {Memory: 128MiB, Fuel: 5000, Output: 4KiB}
            Network: {Type: None}
            Timeouts: {ExecutionTimeout: 5s}
        Verification: {Agreeing: 2, Verifiers: 7, AuditPercent: 5}
        Confidentiality: {Level: tpm, Recipients: [requester]}
        Payment: {Executor: 10, Verifier: 2}
        """;

    [Fact]
    public void Every_value_arrives_where_it_belongs()
    {
        var job = JobFile.Parse("job.yaml", Yaml);
        Assert.Equal("sums", job.Spec.Name);
        Assert.Equal(new[] { "/in/table", "--group", "ward" }, job.Spec.Arguments.ToArray());
        Assert.Equal("C", job.Spec.Environment["LANG"]);
        Assert.Equal(new JobInput("table", Cid.Parse(Data)), Assert.Single(job.Spec.Inputs));
        Assert.Equal(4096, job.Spec.OutputBytesMax);
        Assert.Equal(TimeSpan.FromSeconds(5), job.Spec.TimeMax);
        Assert.Equal((byte)3, job.Terms.Executors);
        Assert.Equal((byte)2, job.Terms.Agreeing);
        Assert.Equal((byte)7, job.Terms.Verifiers);
        Assert.Equal(50_000u, job.Terms.Audit);
        Assert.Equal(128u, job.Terms.MemoryMebibytes);
        Assert.Equal(5000ul, job.Terms.FuelMax);
        Assert.Equal(TrustLevel.Tpm, job.Terms.LevelMin);
        Assert.Equal(job.Spec.Cid, job.Terms.Spec);
        Assert.Equal(new[] { "requester" }, job.Recipients.ToArray());
    }

    [Fact]
    public void A_job_that_names_no_level_asks_for_a_tee() =>
        Assert.Equal(TrustLevel.Tee, JobFile.Parse("f", Yaml.Replace("Level: tpm, ", "", StringComparison.Ordinal)).Terms.LevelMin);

    [Theory]
    [InlineData("Count: 3", "Count: 99", "job.yaml:3: Count: a whole number from 1 to 16")]
    [InlineData("Payment:", "Paymant:", "did you mean Payment?")]
    [InlineData("Type: wasm", "Type: docker", "wasm is the engine there is")]
    [InlineData("Target: /in/table", "Target: /etc/passwd", "a path such as /in/name")]
    [InlineData("Target: /in/table", "Target: /in/../etc", "is not a name")]
    [InlineData("Network: {Type: None}", "Network: {Type: Full}", "a guest has no network")]
    [InlineData("Level: tpm", "Level: trusted", "simulated, tpm, tee or tee+tpm was expected")]
    [InlineData("Agreeing: 2", "Agreeing: 4", "from 1 to 3")]
    [InlineData("Agreeing: 2", "Agreeing: 2, Checker: nobody", "Checker: a CID was expected, not 'nobody'")]
    [InlineData("Agreeing: 2", "Agreeing: 2, KnownAnswer: 42", "KnownAnswer: a CID was expected, not '42'")]
    public void Mistakes_are_named_with_what_was_expected(string from, string to, string words)
    {
        var error = Assert.Throws<YamlFileException>(() => JobFile.Parse("job.yaml", Yaml.Replace(from, to, StringComparison.Ordinal)));
        Assert.Contains(words, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Ways_of_verification_give_those_who_look_their_time()
    {
        var job = JobFile.Parse("f", Yaml.Replace("Agreeing: 2", $"Agreeing: 2, Checker: {Code}", StringComparison.Ordinal));
        Assert.Equal((VerificationModes.Checker, Cid.Parse(Code), 1000u), (job.Terms.Modes, job.Terms.Checker, job.Terms.Windows.Judge));
        Assert.Null(job.Answer);
        job = JobFile.Parse("f", Yaml.Replace("Agreeing: 2", "Agreeing: 2, Review: true, JudgeHeights: 77", StringComparison.Ordinal));
        Assert.Equal((VerificationModes.Review, 77u), (job.Terms.Modes, job.Terms.Windows.Judge));
    }

    [Fact]
    public void A_known_answer_is_committed_to_and_kept_for_a_public_output_alone()
    {
        var text = Yaml.Replace("Agreeing: 2", $"Agreeing: 2, KnownAnswer: {Data}", StringComparison.Ordinal);
        Assert.Contains("leave Recipients out", Assert.Throws<YamlFileException>(() => JobFile.Parse("f", text)).Message, StringComparison.Ordinal);
        text = text.Replace(", Recipients: [requester]", "", StringComparison.Ordinal);
        var (first, second) = (JobFile.Parse("f", text), JobFile.Parse("f", text));
        Assert.Equal(VerificationModes.KnownAnswer, first.Terms.Modes);
        Assert.Equal(first.Answer!.Commitment, first.Terms.AnswerCommitment);
        Assert.Equal(Identifiers.KnownAnswer(ContentKey.Of(Cid.Parse(Data)), first.Answer.Salt), first.Terms.AnswerCommitment);
        // The same answer twice looks like two.
        Assert.NotEqual(first.Terms.AnswerCommitment, second.Terms.AnswerCommitment);
        var folder = Directory.CreateTempSubdirectory("sojourn-answers-").FullName;
        try
        {
            first.Answer.Keep(folder, "requester");
            Assert.Equal(first.Answer, KnownAnswer.Find(folder, "requester", first.Terms.AnswerCommitment));
            Assert.Null(KnownAnswer.Find(folder, "requester", second.Terms.AnswerCommitment));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void A_specification_survives_its_encoding_and_nothing_else_does()
    {
        var spec = JobFile.Parse("f", Yaml).Spec with { Libraries = [new JobLibrary("lib", Cid.Parse(Code), ["table"], true)], Recipients = [new byte[65]] };
        var bytes = spec.Encode();
        Assert.True(JobSpec.TryDecode(bytes, out var read, out var fault), fault);
        Assert.Equal(bytes, read!.Encode());
        for (var i = 0; i < bytes.Length; i++)
        {
            Assert.False(JobSpec.TryDecode(bytes.AsSpan(0, i), out _, out _));
        }

        Assert.False(JobSpec.TryDecode((spec with { Inputs = [.. spec.Inputs, .. spec.Inputs] }).Encode(), out _, out fault));
        Assert.Contains("used twice", fault, StringComparison.Ordinal);
    }
}
