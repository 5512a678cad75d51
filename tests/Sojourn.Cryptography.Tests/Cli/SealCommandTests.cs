using System.Text;
using Sojourn.Cli;

namespace Sojourn.Cryptography.Tests.Cli;

/// <summary><c>sojourn keys</c>, <c>seal</c>, <c>open</c>, <c>rewrap</c> and <c>policy</c>, as a person uses them.</summary>
[Trait("speed", "slow")]
public sealed class SealCommandTests : IDisposable
{
    private readonly CommandLine cli = new();

    public void Dispose() => cli.Dispose();

    [Fact]
    public async Task A_file_is_sealed_opened_read_in_part_and_rewrapped()
    {
        cli.Write("pass", "a passphrase\n");
        var content = string.Concat(Enumerable.Range(0, 300_000).Select(i => (char)('a' + (i % 26))));
        cli.Write("data.txt", content);
        await cli.OkAsync("keys", "new", "ann", "--kind", "encryption", "--passphrase-file", cli.At("pass"));
        await cli.OkAsync("keys", "new", "ben", "--kind", "encryption", "--no-passphrase");
        var root = (await cli.OkAsync("seal", "data.txt", "--to", "ann", "--id-only")).Line;
        Assert.StartsWith("bafyrei", root, StringComparison.Ordinal);
        Assert.DoesNotContain("defghijk", Encoding.Latin1.GetString(await File.ReadAllBytesAsync(cli.At("data.txt.sealed.car"))), StringComparison.Ordinal);

        string[] asAnn = ["--key", "ann", "--passphrase-file", cli.At("pass")];
        Assert.Equal(content, (await cli.OkAsync(["open", "data.txt.sealed.car", .. asAnn])).Output);
        Assert.Equal("defgh", (await cli.OkAsync(["open", "data.txt.sealed.car", .. asAnn, "--range", "3-7"])).Output);
        await cli.FailsAsync(ExitCode.Refused, "not sealed to that key", "open", "data.txt.sealed.car", "--key", "ben");

        var rewrapped = (await cli.OkAsync(["rewrap", "data.txt.sealed.car", .. asAnn, "--to", "ben", "--car", "ben.car", "--id-only"])).Line;
        Assert.NotEqual(root, rewrapped);
        Assert.Equal(content, (await cli.OkAsync("open", "ben.car", "--key", "ben")).Output);
        await cli.FailsAsync(ExitCode.Refused, "not sealed to that key", ["open", "ben.car", .. asAnn]);

        // Nothing that is there is ever overwritten.
        await cli.FailsAsync(ExitCode.Usage, "there already", ["rewrap", "data.txt.sealed.car", .. asAnn, "--to", "ben", "--car", "ben.car"]);
        await cli.FailsAsync(ExitCode.Usage, "there already", "seal", "data.txt", "--to", "ann");
    }

    [Fact]
    public async Task A_folder_comes_back_with_its_tree()
    {
        Directory.CreateDirectory(cli.At("tree/deep/er"));
        cli.Write("tree/one.txt", "1");
        cli.Write("tree/deep/er/two.txt", "2");
        await cli.OkAsync("keys", "new", "ann", "--kind", "encryption", "--no-passphrase");
        await cli.OkAsync("seal", "tree", "--to", "ann", "--car", "t.car");
        Assert.DoesNotContain("two.txt", Encoding.Latin1.GetString(await File.ReadAllBytesAsync(cli.At("t.car"))), StringComparison.Ordinal);
        var list = await cli.OkAsync("open", "t.car", "--key", "ann");
        Assert.Contains("deep/er/two.txt", list.Output, StringComparison.Ordinal);
        await cli.OkAsync("open", "t.car", "--key", "ann", "--to", "back");
        Assert.Equal("2", await File.ReadAllTextAsync(cli.At("back/deep/er/two.txt")));
        await cli.FailsAsync(ExitCode.Usage, "there already", "open", "t.car", "--key", "ann", "--to", "back");
    }

    [Fact]
    public async Task A_link_is_sealed_as_a_link_and_not_as_what_it_leads_to()
    {
        Directory.CreateDirectory(cli.At("outside"));
        Directory.CreateDirectory(cli.At("tree"));
        cli.Write("outside/o.txt", "top secret");
        cli.Write("tree/a.txt", "a");
        File.CreateSymbolicLink(cli.At("tree/ln"), "../outside");
        File.CreateSymbolicLink(cli.At("tree/loop"), ".");
        await cli.OkAsync("keys", "new", "ann", "--kind", "encryption", "--no-passphrase");
        await cli.OkAsync("seal", "tree", "--to", "ann", "--car", "t.car");
        var list = (await cli.OkAsync("open", "t.car", "--key", "ann")).Output;
        Assert.DoesNotContain("o.txt", list, StringComparison.Ordinal);
        await cli.OkAsync("open", "t.car", "--key", "ann", "--to", "back");
        Assert.Equal("../outside", new FileInfo(cli.At("back/ln")).LinkTarget);

        cli.Write("tree/back\\slash", "b");
        await cli.FailsAsync(ExitCode.BadInput, "backslash", "seal", "tree", "--to", "ann", "--car", "t2.car");
    }

    [Fact]
    public async Task Damage_and_wrong_input_get_one_clear_message()
    {
        cli.Write("pass", "right\n");
        cli.Write("wrong", "other\n");
        cli.Write("data.txt", new string('x', 100_000));
        await cli.OkAsync("keys", "new", "ann", "--kind", "encryption", "--passphrase-file", cli.At("pass"));
        await cli.OkAsync("seal", "data.txt", "--to", "ann", "--car", "s.car");
        await cli.FailsAsync(ExitCode.Refused, "passphrase", "open", "s.car", "--key", "ann", "--passphrase-file", cli.At("wrong"));
        await cli.FailsAsync(ExitCode.NotFound, "nobody", "open", "s.car", "--key", "nobody", "--passphrase-file", cli.At("pass"));
        await cli.FailsAsync(ExitCode.NotFound, "stranger", "seal", "data.txt", "--to", "stranger", "--car", "x.car");
        await cli.FailsAsync(ExitCode.NotFound, "missing.txt", "seal", "missing.txt", "--to", "ann");
        await cli.FailsAsync(ExitCode.Usage, "range", "open", "s.car", "--key", "ann", "--passphrase-file", cli.At("pass"), "--range", "9-3");

        var bytes = await File.ReadAllBytesAsync(cli.At("s.car"));
        bytes[bytes.Length / 2] ^= 1;
        await File.WriteAllBytesAsync(cli.At("damaged.car"), bytes);
        var damaged = await cli.RunAsync("open", "damaged.car", "--key", "ann", "--passphrase-file", cli.At("pass"), "--to", "out.txt");
        Assert.NotEqual(0, damaged.Code);
        Assert.False(File.Exists(cli.At("out.txt")));
        await File.WriteAllBytesAsync(cli.At("cut.car"), bytes[..1000]);
        Assert.NotEqual(0, (await cli.RunAsync("open", "cut.car", "--key", "ann", "--passphrase-file", cli.At("pass"))).Code);
    }

    [Fact]
    public async Task Keys_are_made_exported_imported_and_kept_from_others()
    {
        cli.Write("pass", "p\n");
        var made = await cli.OkAsync("keys", "new", "acc", "--passphrase-file", cli.At("pass"), "--mnemonic-out", cli.At("phrase"), "--output", "json");
        var address = System.Text.Json.JsonDocument.Parse(made.Output).RootElement.GetProperty("public").GetString();
        await cli.OkAsync("keys", "import", "again", "--from", cli.At("phrase"), "--no-passphrase");
        Assert.Contains(address!, (await cli.OkAsync("keys", "show", "again", "--output", "json")).Output, StringComparison.Ordinal);
        var listed = await cli.OkAsync("keys", "list", "--output", "json");
        Assert.Equal(2, System.Text.Json.JsonDocument.Parse(listed.Output).RootElement.GetArrayLength());
        foreach (var path in OperatingSystem.IsWindows() ? [] : Directory.EnumerateFiles(cli.At("home"), "*", SearchOption.AllDirectories).Append(cli.At("phrase")))
        {
            Assert.True(OperatingSystem.IsWindows() || (UnixFileMode.UserRead | UnixFileMode.UserWrite) == File.GetUnixFileMode(path), path);
        }

        await cli.FailsAsync(ExitCode.Usage, "acc", "keys", "new", "acc", "--no-passphrase");
        await cli.FailsAsync(ExitCode.Usage, "name", "keys", "new", "../outside", "--no-passphrase");
        cli.Write("nonsense", "neither a key nor a phrase");
        await cli.FailsAsync(ExitCode.BadInput, "phrase", "keys", "import", "bad", "--from", cli.At("nonsense"), "--no-passphrase");

        // Without a terminal nobody is asked, and nothing hangs.
        Assert.NotEqual(0, (await cli.RunAsync("keys", "new", "asked")).Code);
    }

    [Fact]
    public async Task Policies_are_checked_explained_and_signed()
    {
        await cli.OkAsync("keys", "new", "owner", "--no-passphrase");
        await cli.OkAsync("keys", "new", "ann", "--kind", "encryption", "--no-passphrase");
        var template = (await cli.OkAsync("policy", "new", "--kind", "data")).Output;
        cli.Write("p.yaml", template);
        var check = await cli.RunAsync("policy", "check", "p.yaml", "--key", "owner");
        Assert.True(check.Code == 0, check.Error);
        Assert.NotEmpty((await cli.OkAsync("policy", "explain", "p.yaml", "--key", "owner")).Output);
        var cid = (await cli.OkAsync("policy", "sign", "p.yaml", "--key", "owner", "--to", "p.policy", "--id-only")).Line;
        cli.Write("d.txt", "d");
        await cli.OkAsync("seal", "d.txt", "--to", "ann", "--policy", "p.policy", "--car", "d.car");
        Assert.Contains(cid, (await cli.OkAsync("rewrap", "d.car", "--key", "ann", "--to", "ann", "--policy", "p.policy", "--car", "d2.car", "--output", "json")).Output, StringComparison.Ordinal);

        cli.Write("typo.yaml", template.Replace("Title:", "Titel:", StringComparison.Ordinal));
        await cli.FailsAsync(ExitCode.Usage, "Title", "policy", "check", "typo.yaml", "--key", "owner");
        await cli.FailsAsync(ExitCode.BadInput, "policy", "seal", "d.txt", "--to", "ann", "--policy", "d.txt", "--car", "d3.car");
    }
}
