using Sojourn.Cli;
using Sojourn.Cryptography.Custody;
using Sojourn.Cryptography.HybridEncryption;
using Sojourn.Cryptography.Secrets;

namespace Sojourn.Cryptography.Tests.Cli;

/// <summary>Custodians and pools from the command line, each keeper with a folder of its own.</summary>
[Trait("speed", "slow")]
public sealed class CustodyCommandTests : IDisposable
{
    private readonly CommandLine cli = new();

    public void Dispose() => cli.Dispose();

    [Fact]
    public async Task Custodians_refresh_shares_among_themselves_and_a_wrong_dealing_is_named()
    {
        var names = new[] { "ada", "bob", "cem" };
        var custodians = new List<string>();
        foreach (var name in names)
        {
            custodians.AddRange(["--custodian", $"{name}={await KeeperAsync(name)}"]);
        }

        cli.Write("data", "the records");
        var content = (await cli.OkAsync(["seal", "data", .. custodians, "--threshold", "2", "--car", "d.car", "--id-only"])).Line;
        foreach (var name in names)
        {
            await TakeAsync(name, "d.car.shares", content);
            await cli.OkAsync("keeper", "share", "deal", "--content", content, "--to", name + ".deal", "--keeper", Keeper(name));
        }

        string[] Deals(params string[] dealers) => [.. dealers.Select(name => name + ".deal")];
        string[] Where(string name, string to) => ["--content", content, "--to", to, "--keeper", Keeper(name)];
        await cli.FailsAsync(ExitCode.BadInput, "2 different custodians are needed", ["keeper", "share", "take", .. Deals("ada"), .. Where("ada", "x")]);
        await cli.FailsAsync(ExitCode.BadInput, "no dealing", ["keeper", "share", "take", "data", .. Where("ada", "x")]);
        var bytes = await File.ReadAllBytesAsync(cli.At("bob.deal"));
        bytes[^1] ^= 1;
        await File.WriteAllBytesAsync(cli.At("bad.deal"), bytes);
        await cli.FailsAsync(ExitCode.BadInput, "'bob'", ["keeper", "share", "take", "bad.deal", .. Deals("ada"), .. Where("cem", "x")]);
        Assert.False(File.Exists(cli.At("x")));

        // All take the same dealings but one, who is then found out.
        foreach (var name in names)
        {
            await cli.OkAsync(["keeper", "share", "take", .. Deals(names), .. Where(name, name + ".word")]);
        }

        await cli.OkAsync(["keeper", "share", "take", .. Deals("ada", "bob"), .. Where("cem", "other.word")]);
        await cli.FailsAsync(ExitCode.BadInput, "'cem'", "keeper", "share", "adopt", "ada.word", "bob.word", "--content", content, "--keeper", Keeper("ada"));
        await cli.FailsAsync(ExitCode.BadInput, "'cem'", "keeper", "share", "adopt", "ada.word", "bob.word", "other.word", "--content", content, "--keeper", Keeper("ada"));
        foreach (var name in names)
        {
            Assert.Contains("epoch 1", (await cli.OkAsync("keeper", "share", "adopt", "ada.word", "bob.word", "cem.word", "--content", content, "--keeper", Keeper(name))).Output, StringComparison.Ordinal);
        }

        // The new shares give the key, the old record fits them no longer, and what was dealt for the old epoch is refused.
        await cli.FailsAsync(ExitCode.BadInput, "another epoch", ["keeper", "share", "take", .. Deals(names), .. Where("ada", "x")]);
        await cli.OkAsync("keys", "new", "ann", "--kind", "encryption", "--no-passphrase");
        foreach (var name in names[1..])
        {
            await cli.OkAsync("keeper", "share", "hand-over", content, "--to", "ann", "--file", name + ".share", "--keeper", Keeper(name));
        }

        var record = Directory.EnumerateFiles(Path.Combine(cli.At("bob"), "state", "custody")).Single();
        await cli.FailsAsync(ExitCode.BadInput, "another record", "custody", "recover", "d.car", "--record", "d.car.shares", "--share", "bob.share", "--share", "cem.share", "--key", "ann", "--to", "r.car");
        await cli.OkAsync("custody", "recover", "d.car", "--record", record, "--share", "bob.share", "--share", "cem.share", "--key", "ann", "--to", "r.car");
        Assert.Equal("the records", (await cli.OkAsync("open", "r.car", "--key", "ann")).Output);
    }

    [Fact]
    public async Task A_key_is_shared_taken_refreshed_and_recovered_and_a_liar_is_named()
    {
        await cli.OkAsync("keys", "new", "ann", "--kind", "encryption", "--no-passphrase");
        var names = new[] { "ada", "bob", "cem" };
        var custodians = new List<string>();
        foreach (var name in names)
        {
            custodians.AddRange(["--custodian", $"{name}={await KeeperAsync(name)}"]);
        }

        cli.Write("data", "the records");
        await cli.FailsAsync(ExitCode.Usage, "nobody could ever open it", "seal", "data");
        var content = (await cli.OkAsync(["seal", "data", .. custodians, "--threshold", "2", "--to", "ann", "--car", "d.car", "--id-only"])).Line;
        Assert.Contains("bob", (await cli.OkAsync("custody", "show", "d.car.shares")).Output, StringComparison.Ordinal);
        foreach (var name in names)
        {
            Assert.Contains("epoch 0", (await TakeAsync(name, "d.car.shares", content)).Output, StringComparison.Ordinal);
        }

        // New shares of the same key; the old record is refused from then on, and a stranger's record holds no share for a custodian.
        await cli.OkAsync("custody", "refresh", "d.car.shares", "--car", "d.car", "--key", "ann", "--to", "next.shares");
        foreach (var name in names)
        {
            Assert.Contains("epoch 1", (await TakeAsync(name, "next.shares", content)).Output, StringComparison.Ordinal);
            await cli.FailsAsync(ExitCode.Refused, "later epoch", "keeper", "share", "add", "d.car.shares", "--content", content, "--keeper", Keeper(name));
        }

        await cli.OkAsync(["custody", "split", "d.car", "--key", "ann", .. custodians[2..], "--to", "others.shares"]);
        await cli.FailsAsync(ExitCode.Refused, "no share for this keeper", "keeper", "share", "add", "others.shares", "--content", content, "--keeper", Keeper("ada"));
        await cli.FailsAsync(ExitCode.Usage, "one key", "seal", "data", "--car", "x.car", custodians[0], custodians[1], "--custodian", "zoe=" + custodians[1].Split('=')[1]);

        // Ann loses her key. Two honest custodians and one who lies hand over to her new one.
        await cli.OkAsync("keys", "new", "anew", "--kind", "encryption", "--no-passphrase");
        foreach (var name in new[] { "ada", "cem" })
        {
            await cli.OkAsync("keeper", "share", "hand-over", content, "--to", "anew", "--file", name + ".share", "--keeper", Keeper(name));
            Assert.Single(await File.ReadAllLinesAsync(cli.At(name + "/state/hand-overs.log")));
        }

        await LieAsync("bob.share", "next.shares", 2, "anew");
        await cli.FailsAsync(ExitCode.BadInput, "bob", "custody", "recover", "d.car", "--record", "next.shares", "--share", "ada.share", "--share", "bob.share", "--key", "anew", "--to", "r.car");
        Assert.False(File.Exists(cli.At("r.car")));
        await cli.FailsAsync(ExitCode.BadInput, "needed", "custody", "recover", "d.car", "--record", "next.shares", "--share", "ada.share", "--share", "ada.share", "--key", "anew", "--to", "r.car");
        await cli.FailsAsync(ExitCode.BadInput, "another record", "custody", "recover", "d.car", "--record", "d.car.shares", "--share", "ada.share", "--share", "cem.share", "--key", "anew", "--to", "r.car");
        await cli.FailsAsync(ExitCode.Refused, "ada.share", "custody", "recover", "d.car", "--record", "next.shares", "--share", "ada.share", "--share", "cem.share", "--key", "ann", "--to", "r.car");
        var recovered = await cli.OkAsync(
            "custody", "recover", "d.car", "--record", "next.shares", "--share", "ada.share", "--share", "bob.share", "--share", "cem.share", "--key", "anew", "--to", "r.car");
        Assert.Contains("bob", recovered.Error, StringComparison.Ordinal);
        Assert.Equal("the records", (await cli.OkAsync("open", "r.car", "--key", "anew")).Output);

        await cli.OkAsync("keeper", "share", "drop", content, "--keeper", Keeper("ada"));
        await cli.FailsAsync(ExitCode.NotFound, "no share", "keeper", "share", "hand-over", content, "--to", "anew", "--file", "again.share", "--keeper", Keeper("ada"));
    }

    [Fact]
    public async Task A_pool_members_word_is_given_taken_and_taken_back()
    {
        await KeeperAsync("pool");
        foreach (var name in new[] { "owner", "ann", "eve" })
        {
            await cli.OkAsync("keys", "new", name, "--no-passphrase");
        }

        var ann = System.Text.Json.JsonDocument.Parse((await cli.OkAsync("keys", "show", "ann", "--output", "json")).Output).RootElement.GetProperty("public").GetString()!;
        cli.Write("alone.yaml", (await cli.OkAsync("policy", "new", "--kind", "data")).Output);
        cli.Write("p.yaml", await File.ReadAllTextAsync(cli.At("alone.yaml")) + $"\nPool: {{ Members: [\"{ann}\"], Least: 1 }}\n");
        var policy = (await cli.OkAsync("policy", "sign", "p.yaml", "--key", "owner", "--id-only")).Line;
        await cli.OkAsync("policy", "sign", "alone.yaml", "--key", "owner");
        var key = (await cli.OkAsync("keeper", "member", ann, "--keeper", Keeper("pool"))).Line;
        Assert.Equal(key, (await cli.OkAsync("keeper", "member", ann, "--keeper", Keeper("pool"))).Line);
        cli.Write("records", "mine");
        var content = (await cli.OkAsync("seal", "records", "--policy", "p.policy", "--to", key, "--id-only")).Line;

        await cli.FailsAsync(ExitCode.Refused, "no member", "policy", "consent", "p.policy", "--content", content, "--key", "eve", "--to", "e.word");
        await cli.FailsAsync(ExitCode.BadInput, "not the policy of a pool", "policy", "consent", "alone.policy", "--content", content, "--key", "ann", "--to", "e.word");
        await cli.OkAsync("policy", "consent", "p.policy", "--content", content, "--key", "ann", "--number", "1", "--to", "yes.word");
        await cli.OkAsync("policy", "withdraw", "p.policy", "--content", content, "--key", "ann", "--number", "2", "--to", "no.word");
        Assert.Contains("consents", (await cli.OkAsync("keeper", "consent", "yes.word", "--keeper", Keeper("pool"))).Output, StringComparison.Ordinal);
        var bad = await File.ReadAllBytesAsync(cli.At("no.word"));
        bad[^1] ^= 1;
        await File.WriteAllBytesAsync(cli.At("bad.word"), bad);
        await cli.FailsAsync(ExitCode.BadInput, "signed word", "keeper", "consent", "bad.word", "--keeper", Keeper("pool"));
        Assert.Single(Directory.GetFiles(cli.At("pool/state/members")));
        Assert.Contains("dropped", (await cli.OkAsync("keeper", "consent", "no.word", "--keeper", Keeper("pool"))).Error, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(cli.At("pool/state/members")));
        await cli.FailsAsync(ExitCode.Refused, "later", "keeper", "consent", "yes.word", "--keeper", Keeper("pool"));
        Assert.Contains("withdrawn", (await cli.OkAsync("keeper", "consents", policy, "--keeper", Keeper("pool"))).Output, StringComparison.Ordinal);
    }

    private string Keeper(string name) => cli.At(name + "/keeper.yaml");

    private async Task<string> KeeperAsync(string name)
    {
        await cli.OkAsync("keeper", "init", Keeper(name), "--ledger", "http://127.0.0.1:1", "--drop-box", "http://127.0.0.1:2", "--name", name);
        return (await cli.OkAsync("keeper", "key", "--keeper", Keeper(name))).Line;
    }

    private Task<CommandLine.Run> TakeAsync(string name, string record, string content) => cli.OkAsync("keeper", "share", "add", record, "--content", content, "--keeper", Keeper(name));

    // What a custodian gives that has read the record and makes its share up.
    private async Task LieAsync(string file, string record, int index, string to)
    {
        Assert.Equal(CustodyFault.None, ShareSet.TryDecode(await File.ReadAllBytesAsync(cli.At(record)), out var set));
        var text = System.Text.Json.JsonDocument.Parse((await cli.OkAsync("keys", "show", to, "--output", "json")).Output).RootElement.GetProperty("public").GetString()!;
        Assert.True(Sojourn.Cryptography.Keys.KeyEncoding.TryParsePublic(text, out var owner));
        using var lie = Share.Received(set!.Id, index, SecretKey.Random());
        await File.WriteAllBytesAsync(cli.At(file), ShareHandOver.Seal(lie, owner!));
    }
}
