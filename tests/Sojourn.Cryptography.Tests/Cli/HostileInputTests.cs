using System.Diagnostics;
using Sojourn.Cli;
using Sojourn.Cryptography.Sealing;
using Sojourn.Cryptography.Tests.Sealing;

namespace Sojourn.Cryptography.Tests.Cli;

/// <summary>Sealing and opening among people who mean ill: pipes in place of files, links laid in wait, folders that others can read.</summary>
[Trait("speed", "slow")]
public sealed class HostileInputTests : IDisposable
{
    private readonly CommandLine cli = new();

    public void Dispose() => cli.Dispose();

    [Fact]
    public async Task A_pipe_or_a_device_is_refused_at_once()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        using (var make = Process.Start("mkfifo", cli.At("pipe")))
        {
            await make.WaitForExitAsync();
        }

        Directory.CreateDirectory(cli.At("tree"));
        cli.Write("tree/a", "a");
        File.Move(cli.At("pipe"), cli.At("tree/pipe"));
        await cli.OkAsync("keys", "new", "ann", "--kind", "encryption", "--no-passphrase");
        await cli.FailsAsync(ExitCode.BadInput, "a pipe", "seal", "tree/pipe", "--to", "ann", "--car", "x.car");
        await cli.FailsAsync(ExitCode.BadInput, "a pipe", "seal", "tree", "--to", "ann", "--car", "x.car");
        await cli.FailsAsync(ExitCode.BadInput, "a device", "seal", "/dev/zero", "--to", "ann", "--car", "x.car");
        await cli.FailsAsync(ExitCode.BadInput, "a pipe", "open", "tree/pipe", "--key", "ann");
        await cli.FailsAsync(ExitCode.BadInput, "a pipe", "policy", "check", "tree/pipe");
        Assert.Empty(Directory.GetFiles(cli.At("."), "x.car*"));
    }

    [Fact]
    public async Task Plaintext_is_its_owners_alone_and_links_in_its_way_are_not_followed()
    {
        Directory.CreateDirectory(cli.At("tree/sub"));
        cli.Write("tree/run.sh", "#!/bin/sh");
        cli.Write("tree/sub/closed", "c");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(cli.At("tree/run.sh"), UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute);
            File.SetUnixFileMode(cli.At("tree/sub"), UnixFileMode.UserRead | UnixFileMode.UserExecute);
        }

        cli.Write("one.txt", "one");
        cli.Write("victim", "untouched");
        foreach (var trap in new[] { "one.out.part", "tree.out.part", "a.car.part" })
        {
            File.CreateSymbolicLink(cli.At(trap), cli.At("victim"));
        }

        await cli.OkAsync("keys", "new", "ann", "--kind", "encryption", "--no-passphrase");
        await cli.OkAsync("seal", "one.txt", "--to", "ann", "--car", "a.car");
        await cli.OkAsync("seal", "tree", "--to", "ann", "--car", "t.car");
        await cli.OkAsync("open", "a.car", "--key", "ann", "--to", "one.out");
        await cli.OkAsync("open", "t.car", "--key", "ann", "--to", "tree.out/");
        Assert.Equal("untouched", await File.ReadAllTextAsync(cli.At("victim")));
        Assert.Equal("one", await File.ReadAllTextAsync(cli.At("one.out")));
        Assert.Equal("c", await File.ReadAllTextAsync(cli.At("tree.out/sub/closed")));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(cli.At("one.out")));
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(cli.At("tree.out")));
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute, File.GetUnixFileMode(cli.At("tree.out/run.sh")));
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserExecute, File.GetUnixFileMode(cli.At("tree.out/sub")));
            foreach (var folder in new[] { "tree/sub", "tree.out/sub" })
            {
                File.SetUnixFileMode(cli.At(folder), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            }
        }

        // A link that dangles in the target's place is in the way all the same.
        File.CreateSymbolicLink(cli.At("dangling"), cli.At("nowhere"));
        Assert.NotEqual(0, (await cli.RunAsync("open", "a.car", "--key", "ann", "--to", "dangling")).Code);
        Assert.False(File.Exists(cli.At("nowhere")));
    }

    [Fact]
    public async Task What_breaks_off_leaves_nothing_behind()
    {
        Directory.CreateDirectory(cli.At("tree"));
        cli.Write("tree/a", new string('a', 100_000));
        await File.WriteAllBytesAsync(cli.At("tree/b"), Sealed.Random(3 << 20));
        await cli.OkAsync("keys", "new", "ann", "--kind", "encryption", "--no-passphrase");
        await cli.OkAsync("seal", "tree", "--to", "ann", "--car", "t.car");
        var bytes = await File.ReadAllBytesAsync(cli.At("t.car"));
        bytes[bytes.Length * 2 / 3] ^= 1;
        await File.WriteAllBytesAsync(cli.At("damaged.car"), bytes);
        Assert.NotEqual(0, (await cli.RunAsync("open", "damaged.car", "--key", "ann", "--to", "out")).Code);
        Assert.False(Directory.Exists(cli.At("out")));
        Assert.Empty(Directory.GetFileSystemEntries(cli.At("."), "*.part"));
    }

    [Fact]
    public async Task What_is_being_written_into_a_folder_is_no_part_of_it_and_a_folder_is_no_file()
    {
        await cli.OkAsync("keys", "new", "ann", "--kind", "encryption", "--no-passphrase");
        Directory.CreateDirectory(cli.At("box"));
        cli.Write("box/a.txt", "a");
        await cli.OkAsync("seal", "box", "--to", "ann", "--car", "box/box.car");
        var listed = (await cli.OkAsync("open", "box/box.car", "--key", "ann")).Output;
        Assert.Contains("a.txt", listed, StringComparison.Ordinal);
        Assert.DoesNotContain(".part", listed, StringComparison.Ordinal);
        Assert.DoesNotContain("box.car", listed, StringComparison.Ordinal);
        foreach (var command in new string[][] { ["open", "box", "--key", "ann"], ["policy", "check", "box"], ["custody", "show", "box"] })
        {
            await cli.FailsAsync(ExitCode.BadInput, "is a folder", command);
        }
    }

    [Fact]
    public async Task A_signature_replaces_a_signature_and_no_other_file_and_a_template_says_who_owns_it()
    {
        await cli.OkAsync("keys", "new", "own", "--no-passphrase");
        cli.Write("p.yaml", (await cli.OkAsync("policy", "new", "data")).Output);
        Assert.Contains("Kind: app", (await cli.OkAsync("policy", "new", "app")).Output, StringComparison.Ordinal);
        Assert.Contains("whoever signs it", (await cli.OkAsync("policy", "check", "p.yaml")).Error, StringComparison.Ordinal);
        Assert.Contains("belongs to whoever signs it", (await cli.OkAsync("policy", "explain", "p.yaml")).Output, StringComparison.Ordinal);
        await cli.OkAsync("policy", "sign", "p.yaml", "--key", "own", "--to", "p.policy");
        await cli.OkAsync("policy", "sign", "p.yaml", "--key", "own", "--to", "p.policy");
        cli.Write("letter", "dear");
        await cli.FailsAsync(ExitCode.Usage, "is there already", "policy", "sign", "p.yaml", "--key", "own", "--to", "letter");
        Assert.Equal("dear", await File.ReadAllTextAsync(cli.At("letter")));
        Directory.CreateDirectory(cli.At("folder"));
        await cli.FailsAsync(ExitCode.BadInput, "is a folder", "keys", "new", "more", "--passphrase-file", "folder");
    }

    [Fact]
    public async Task One_file_of_a_folder_and_a_range_of_it()
    {
        Directory.CreateDirectory(cli.At("tree/deep"));
        cli.Write("tree/a", "0123456789");
        cli.Write("tree/deep/b", "abcdefghij");
        await cli.OkAsync("keys", "new", "ann", "--kind", "encryption", "--no-passphrase");
        await cli.OkAsync("seal", "tree", "--to", "ann", "--car", "t.car");
        Assert.Equal("abcdefghij", (await cli.OkAsync("open", "t.car", "--key", "ann", "--path", "deep/b")).Output);
        Assert.Equal("def", (await cli.OkAsync("open", "t.car", "--key", "ann", "--path", "deep/b", "--range", "3-5")).Output);
        Assert.Equal("ij", (await cli.OkAsync("open", "t.car", "--key", "ann", "--path", "deep/b", "--range", "8-99")).Output);
        await cli.FailsAsync(ExitCode.Usage, "--path", "open", "t.car", "--key", "ann", "--range", "0-3");
        await cli.FailsAsync(ExitCode.NotFound, "deep/c", "open", "t.car", "--key", "ann", "--path", "deep/c");
        await cli.FailsAsync(ExitCode.NotFound, "deep", "open", "t.car", "--key", "ann", "--path", "deep");
    }

    [Fact]
    public async Task A_rewrap_keeps_the_policy_unless_told_otherwise_and_a_signature_never_covers_its_own_file()
    {
        await cli.OkAsync("keys", "new", "owner", "--no-passphrase");
        await cli.OkAsync("keys", "new", "ann", "--kind", "encryption", "--no-passphrase");
        cli.Write("p.yaml", (await cli.OkAsync("policy", "new", "--kind", "app")).Output);
        var cid = (await cli.OkAsync("policy", "sign", "p.yaml", "--key", "owner", "--id-only")).Line;
        File.Copy(cli.At("p.yaml"), cli.At("q.policy"));
        await cli.FailsAsync(ExitCode.Usage, "written over", "policy", "sign", "q.policy", "--key", "owner");
        cli.Write("d", "d");
        var sealedTo = await cli.OkAsync("seal", "d", "--to", "ann", "--policy", "p.policy", "--car", "d.car", "--output", "json");
        var body = System.Text.Json.JsonDocument.Parse(sealedTo.Output).RootElement.GetProperty("body").GetString()!;
        Assert.Contains(cid, (await cli.OkAsync("rewrap", "d.car", "--key", "ann", "--to", "ann", "--car", "kept.car", "--output", "json")).Output, StringComparison.Ordinal);
        Assert.DoesNotContain(cid, (await cli.OkAsync("rewrap", "d.car", "--key", "ann", "--to", "ann", "--no-policy", "--car", "bare.car", "--output", "json")).Output, StringComparison.Ordinal);

        // By hand: an app owner's policy that answers for the body.
        cli.Write("app.yaml", (await File.ReadAllTextAsync(cli.At("p.yaml"))).Replace("Code: []", $"Code: [{body}]", StringComparison.Ordinal));
        var app = (await cli.OkAsync("policy", "sign", "app.yaml", "--key", "owner", "--id-only")).Line;
        Assert.Contains(body, (await cli.OkAsync("policy", "explain", "app.policy")).Output, StringComparison.Ordinal);
        Assert.Contains(app, (await cli.OkAsync("rewrap", "d.car", "--key", "ann", "--to", "ann", "--policy", "app.policy", "--car", "app.car", "--output", "json")).Output, StringComparison.Ordinal);
        Assert.Equal("d", (await cli.OkAsync("open", "app.car", "--key", "ann")).Output);
    }
}
