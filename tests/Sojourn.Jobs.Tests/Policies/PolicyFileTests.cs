using Sojourn.Attestation;
using Sojourn.Hosting.Policies;
using Sojourn.Hosting.Yaml;
using Sojourn.Primitives;
using Sojourn.Protocol.Policies;

namespace Sojourn.Jobs.Tests.Policies;

public sealed class PolicyFileTests
{
    private static readonly Address Owner = Address.Parse("0x7e5f4552091a69125d5dfcb7b8c2659029395bdf");

    private const string Minimal = """
        Kind: data
        Title: T
        From: 2030-01-01
        Until: 2031-01-01
        Output: { Recipients: requester }

        """;

    [Theory]
    [InlineData("data")]
    [InlineData("app")]
    public void Templates_are_policies(string kind)
    {
        var policy = PolicyFile.Read("t.yaml", PolicyFile.Template(kind, new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero)), Owner);
        Assert.Equal(kind == "data", policy is DataPolicy);
        Assert.Equal(TrustLevel.Tee, policy.Proof.Level);
        Assert.Equal(2031, policy.NotAfter.Year);
    }

    [Theory]
    [InlineData("""  Shares: [{ To: "OWNER", Parts: 2 }]""")]
    [InlineData("""Pool: { Members: ["OWNER"], Least: 1 }""")]
    public void Every_key_is_read(string last)
    {
        var policy = (DataPolicy)PolicyFile.Read("p.yaml", $$"""
            Kind: data
            Title: Records
            Owner: "{{Owner}}"
            Revision: 3
            Replaces: bafyreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy
            From: 2030-01-01
            Until: 2031-01-01
            Requesters: any
            Code: [bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy]
            AppOwners: ["{{Owner}}"]
            Proof:
              Level: tee+tpm
              Kinds: [azure-snp]
              Custody: endorsed-data-centre
              Tcb: [UpToDate]
              TcbEvaluation: 17
              Verifiers: 5
              AgeMax: 10m
              Regions: [eu, ch]
              Chip: true
              Revocation: false
              Measurements:
                - Name: release-1
                  Endorser: us
                  Values: { launch: "0A1B 2c3d" }
            Limits: { Uses: 5, Draws: 6, Period: 7d, PeriodUses: 2, PeriodOutput: 1MiB }
            Output: { Size: 2KiB, Public: true, Guards: [bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy] }
            Price:
              PerUse: 1000000000000000000000
            {{last.Replace("OWNER", Owner.ToString(), StringComparison.Ordinal)}}
            """);
        Assert.Equal(3, policy.Revision);
        Assert.True(policy.AnyRequester);
        Assert.Equal(TrustLevel.TeeTpm, policy.Proof.Level);
        Assert.Equal(EvidenceKind.AzureSnp, Assert.Single(policy.Proof.Kinds));
        Assert.Equal(["0a1b", "2c3d"], policy.Proof.Measurements[0].Values["launch"]);
        Assert.Equal(TimeSpan.FromDays(7), policy.Limits.Period);
        Assert.Equal(1 << 20, policy.Limits.PeriodOutputBytes);
        Assert.Equal("1000000000000000000000", policy.Price.PerUse.ToString());
        Assert.Equal(2048, policy.Output.BytesMax);
        Assert.Equal("eu ch", string.Join(" ", policy.Proof.Regions));
        Assert.Equal(1, policy.Price.Shares.Length + (policy.Pool?.Members.Length ?? 0));
    }

    [Fact]
    public void An_app_owner_lists_its_modules()
    {
        var app = (AppPolicy)PolicyFile.Read("p.yaml", "Kind: app\nTitle: a\nFrom: 2030-01-01\nUntil: 2031-01-01\nCode: [bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy]\n", Owner);
        Assert.Single(app.Code);
    }

    [Theory]
    [InlineData("Titel: x\n", "did you mean Title?")]
    [InlineData("Limits: { Usse: 1 }\n", "did you mean Uses?")]
    [InlineData("Proof: { Level: teee }\n", "did you mean tee?")]
    [InlineData("Proof: { Kinds: [snp] }\n", "was expected, not 'snp'")]
    [InlineData("Code: [nonsense]\n", "a CID was expected")]
    [InlineData("Requesters: [bob]\n", "an account")]
    [InlineData("Proof: { Regions: [eurpoe] }\n", "did you mean europe?")]
    [InlineData("Pool: { Members: [] }\n", "a pool has members")]
    public void Mistakes_are_named(string line, string words)
    {
        var told = Assert.Throws<YamlFileException>(() => PolicyFile.Read("p.yaml", Minimal + line, Owner));
        Assert.Contains(words, told.Message, StringComparison.Ordinal);
        Assert.StartsWith("p.yaml:", told.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_owner_is_needed()
    {
        var told = Assert.Throws<YamlFileException>(() => PolicyFile.Read("p.yaml", Minimal));
        Assert.Contains("Owner", told.Message, StringComparison.Ordinal);
    }
}
