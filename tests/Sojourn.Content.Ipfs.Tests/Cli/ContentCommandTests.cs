using System.Text;
using System.Text.Json;
using Sojourn.Cli;
using Sojourn.Content.Ipfs.Gateway;
using Sojourn.Content.Ipfs.Store;
using Sojourn.Content.Ipfs.Tests.Store;

namespace Sojourn.Content.Ipfs.Tests.Cli;

/// <summary>The content commands as a person types them: results on standard output, one clear message and a code of its own for each failure.</summary>
public sealed class ContentCommandTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly string store;

    public ContentCommandTests()
    {
        store = folder.At("store");
        Directory.CreateDirectory(folder.At("tree/sub"));
        File.WriteAllText(folder.At("tree/a.txt"), "hello\n");
        File.WriteAllBytes(folder.At("tree/sub/big"), Blocks.Raw(1, 3_000_000).Data.ToArray());
        File.CreateSymbolicLink(folder.At("tree/link"), "a.txt");
    }

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task A_mistyped_option_is_not_taken_for_a_file()
    {
        var run = await CliRun.OfAsync("content", "add", "x", "--bogus");
        Assert.Equal(ExitCode.Usage, run.Code);
        Assert.Contains("no option --bogus", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("sojourn content has no command 'ad'; did you mean 'add'?", "content", "ad", "x")]
    [InlineData("sojourn has no command 'contents'; did you mean 'content'?", "contents")]
    [InlineData("sojourn gateway needs a command: run", "gateway")]
    [InlineData("'x' for option '--links'; expected a whole number", "content", "add", "y", "--links", "x")]
    [InlineData("has no option --chnk; did you mean --chunk?", "content", "add", "y", "--chnk", "3")]
    [InlineData("has no option --bogus", "content", "--bogus")]
    public async Task Mistyped_words_are_told_with_what_exists(string part, params string[] arguments)
    {
        var run = await CliRun.OfAsync(arguments);
        Assert.Equal(ExitCode.Usage, run.Code);
        Assert.Contains(part, run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("System.", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Add_list_get_and_compare()
    {
        var root = await AddAsync();
        var listed = await Run("ls", root, "-o", "json");
        using (var json = JsonDocument.Parse(listed.Output))
        {
            Assert.Equal(["a.txt", "link", "sub"], json.RootElement.EnumerateArray().Select(e => e.GetProperty("name").GetString()!));
        }

        Assert.Equal("hello\n"u8.ToArray(), (await Run("cat", $"{root}/a.txt")).Bytes);
        Assert.Equal("ell"u8.ToArray(), (await Run("cat", $"{root}/a.txt", "--offset", "1", "--length", "3")).Bytes);
        Assert.Equal("bafkreicysg23kiwv34eg2d7qweipxwosdo2py4ldv42nbauguluen5v6am", (await Run("resolve", $"{root}/a.txt")).Line);
        Assert.Equal(ExitCode.Ok, (await Run("get", root, "--to", folder.At("out"))).Code);
        Assert.Equal(File.ReadAllBytes(folder.At("tree/sub/big")), File.ReadAllBytes(folder.At("out/sub/big")));
        Assert.Equal("a.txt", new FileInfo(folder.At("out/link")).LinkTarget);
        var again = await Run("get", root, "--to", folder.At("out"));
        Assert.Equal(ExitCode.Environment, again.Code);
        Assert.Contains("exists already", again.Error, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Ok, (await Run("get", root, "--to", folder.At("out"), "--force")).Code);
    }

    [Fact]
    public async Task Standard_input_is_added_under_the_same_name_as_a_file()
    {
        var piped = await CliRun.OfAsync("hello\n"u8.ToArray(), default, "content", "add", "-q", "-", "--store", store);
        Assert.Equal("bafkreicysg23kiwv34eg2d7qweipxwosdo2py4ldv42nbauguluen5v6am", piped.Line);
        Assert.Equal(piped.Line, (await Run("add", "-q", folder.At("tree/a.txt"), "--only-cid")).Line);
    }

    [Fact]
    public async Task Pins_keep_and_collection_deletes()
    {
        var root = await AddAsync("--name", "mine");
        var pins = await Run("pins", "-o", "yaml");
        Assert.Contains($"cid: {root}", pins.Output, StringComparison.Ordinal);
        Assert.Contains("name: mine", pins.Output, StringComparison.Ordinal);
        Assert.Contains("\"deleted\": 0", (await Run("gc", "-o", "json")).Output, StringComparison.Ordinal);
        var wrong = await Run("unpin", root);
        Assert.Equal(ExitCode.NotFound, wrong.Code);
        Assert.Contains("mine", wrong.Error, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Ok, (await Run("unpin", root, "--name", "mine")).Code);
        Assert.Contains("\"kept\": 0", (await Run("gc", "-o", "json")).Output, StringComparison.Ordinal);
        Assert.Equal(ExitCode.NotFound, (await Run("cat", $"{root}/a.txt")).Code);
    }

    [Theory]
    [InlineData("1")]
    [InlineData("2")]
    public async Task A_graph_goes_out_as_a_car_and_comes_in_again(string version)
    {
        var root = await AddAsync();
        var car = folder.At("x.car");
        Assert.Equal(ExitCode.Ok, (await Run("export", root, "--to", car, "--car-version", version)).Code);
        var other = folder.At("other");
        var imported = await CliRun.OfAsync("content", "import", car, "--store", other, "-o", "json");
        Assert.Contains(root, imported.Output, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Ok, (await CliRun.OfAsync("content", "stat", "--whole", root, "--store", other)).Code);
        Assert.Single(FileBlockStore.Open(other).Pins.List());

        var cut = File.ReadAllBytes(car)[..100_000];
        await File.WriteAllBytesAsync(car, cut);
        var damaged = await CliRun.OfAsync("content", "import", car, "--store", folder.At("third"));
        Assert.Equal(ExitCode.BadInput, damaged.Code);
        Assert.Contains("x.car", damaged.Error, StringComparison.Ordinal);
        Assert.Empty(FileBlockStore.Open(folder.At("third")).Pins.List());
    }

    [Fact]
    public async Task A_damaged_block_is_named_put_aside_and_fetched_again()
    {
        var root = await AddAsync();
        var donor = folder.At("donor");
        await CliRun.OfAsync("content", "add", folder.At("tree"), "--store", donor);
        var opened = FileBlockStore.Open(store);
        var victim = opened.List().First(b => b.Bytes > 100_000);
        var bytes = File.ReadAllBytes(victim.Path);
        bytes[77] ^= 1;
        File.WriteAllBytes(victim.Path, bytes);

        var verified = await Run("verify", "--put-aside");
        Assert.Equal(ExitCode.BadInput, verified.Code);
        Assert.Contains(victim.Path, verified.Output, StringComparison.Ordinal);
        Assert.Equal(ExitCode.NotFound, (await Run("cat", $"{root}/sub/big")).Code);
        await using var gateway = await GatewayHost.StartAsync(FileBlockStore.Open(donor), new GatewayServerOptions(), new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0));
        var pinned = await Run("pin", root, "--from", gateway.Address.ToString());
        Assert.True(pinned.Code == ExitCode.Ok, pinned.Error);
        Assert.Contains("1 fetched", pinned.Error, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Ok, (await Run("verify")).Code);
    }

    [Fact]
    public async Task Content_is_read_from_a_gateway_without_being_stored()
    {
        var root = await AddAsync();
        await using var gateway = await GatewayHost.StartAsync(FileBlockStore.Open(store), new GatewayServerOptions(), new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0));
        var empty = folder.At("empty");
        var cat = await CliRun.OfAsync("content", "cat", $"{root}/sub/big", "--store", empty, "--from", gateway.Address.ToString());
        Assert.Equal(File.ReadAllBytes(folder.At("tree/sub/big")), cat.Bytes);
        Assert.Empty(FileBlockStore.Open(empty).List());
    }

    [Theory]
    [InlineData(ExitCode.BadCid, "no known multibase", "cat", "notacid")]
    [InlineData(ExitCode.BadCid, "copied whole", "pin", "bafkreihhpc5y2pqvl5rbe5uuyhqjouybfs3rvlmisccgzue2kkt5zq6up")]
    [InlineData(ExitCode.Unsupported, "blake3", "cat", "bafkr4ihhpc5y2pqvl5rbe5uuyhqjouybfs3rvlmisccgzue2kkt5zq6upq")]
    [InlineData(ExitCode.NotFound, "--from", "cat", "bafkreihhpc5y2pqvl5rbe5uuyhqjouybfs3rvlmisccgzue2kkt5zq6upq")]
    [InlineData(ExitCode.NotFound, "/no/such/file", "add", "/no/such/file")]
    [InlineData(ExitCode.Usage, "3XB", "add", "x", "--chunk", "3XB")]
    [InlineData(ExitCode.Usage, "--chunk must be", "add", "/", "--chunk", "1GiB")]
    [InlineData(ExitCode.Usage, "--chunk must be", "add", "/", "--chunk", "0")]
    [InlineData(ExitCode.Usage, "--links must be", "add", "/", "--links", "1")]
    [InlineData(ExitCode.Usage, "--cid-version must be", "add", "/", "--cid-version", "7")]
    [InlineData(ExitCode.Usage, "ftp://x", "cat", "bafkqaaa", "--from", "ftp://x")]
    [InlineData(ExitCode.Unreachable, "127.0.0.1:1", "cat", "bafkreihhpc5y2pqvl5rbe5uuyhqjouybfs3rvlmisccgzue2kkt5zq6upq", "--from", "http://127.0.0.1:1")]
    [InlineData(ExitCode.Unreachable, "127.0.0.1:1", "cat", "bafkreihhpc5y2pqvl5rbe5uuyhqjouybfs3rvlmisccgzue2kkt5zq6upq", "--kubo", "http://127.0.0.1:1")]
    [InlineData(ExitCode.Unreachable, "127.0.0.1:1", "cat", "bafkreihhpc5y2pqvl5rbe5uuyhqjouybfs3rvlmisccgzue2kkt5zq6upq", "--router", "http://127.0.0.1:1")]
    [InlineData(ExitCode.Usage, "has no command 'frobnicate'; it has add, get", "frobnicate")]
    public async Task Failures_have_one_message_and_a_code(int code, string part, params string[] arguments)
    {
        var run = await Run(arguments);
        Assert.Equal(code, run.Code);
        Assert.Contains(part, run.Error, StringComparison.Ordinal);
        Assert.Equal("", run.Output);
        Assert.DoesNotContain("   at ", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_wrong_verb_for_a_thing_is_told_with_the_right_one()
    {
        var root = await AddAsync();
        foreach (var (verb, path, what) in new[] { ("cat", root, "a folder, not a file"), ("cat", $"{root}/link", "a symbolic link to 'a.txt'"), ("ls", $"{root}/a.txt", "content cat"), ("ls", $"{root}/link", "not a folder") })
        {
            var run = await Run(verb, path);
            Assert.Equal(ExitCode.Usage, run.Code);
            Assert.Contains(what, run.Error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task What_is_nowhere_is_told_with_every_place_that_was_asked()
    {
        var absent = "bafkreihhpc5y2pqvl5rbe5uuyhqjouybfs3rvlmisccgzue2kkt5zq6upq";
        await using var gateway = await GatewayHost.StartAsync(FileBlockStore.Open(folder.At("else")), new GatewayServerOptions(), new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0));
        foreach (var verb in new[] { "cat", "get", "ls", "stat", "pin", "export" })
        {
            var run = await Run([verb, absent, "--from", gateway.Address.ToString(), .. verb == "export" ? ["--to", folder.At("x.car")] : Array.Empty<string>()]);
            Assert.True(run.Code == ExitCode.NotFound, $"{verb}: {run.Code} {run.Error}");
            Assert.Contains(absent, run.Error, StringComparison.Ordinal);
            Assert.Contains(gateway.Address.ToString(), run.Error, StringComparison.Ordinal);
            Assert.Contains(store, run.Error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_folder_that_cannot_be_had_whole_leaves_nothing_behind()
    {
        var root = await AddAsync();
        var opened = FileBlockStore.Open(store);
        File.Delete(opened.List().First(b => b.Bytes > 100_000).Path);
        Directory.CreateDirectory(folder.At("half"));
        var run = await Run("get", root, "-t", folder.At("half/tree"));
        Assert.Equal(ExitCode.NotFound, run.Code);
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder.At("half")));
    }

    [Fact]
    public async Task A_web_server_that_is_no_Kubo_is_told_as_such()
    {
        await using var gateway = await GatewayHost.StartAsync(FileBlockStore.Open(folder.At("else")), new GatewayServerOptions(), new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0));
        var run = await Run("cat", "bafkreihhpc5y2pqvl5rbe5uuyhqjouybfs3rvlmisccgzue2kkt5zq6upq", "--kubo", gateway.Address.ToString());
        Assert.Equal(ExitCode.Unreachable, run.Code);
        Assert.Contains("is this the address of a Kubo node's RPC", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://example.org")]
    [InlineData("a b")]
    [InlineData("example.org:80")]
    [InlineData("")]
    public async Task A_host_that_is_none_is_refused_before_anything_is_served(string host)
    {
        var run = await CliRun.OfAsync("gateway", "run", "--listen", "127.0.0.1:0", "--subdomain-host", host, "--store", store);
        Assert.Equal(ExitCode.Usage, run.Code);
        Assert.Contains("is no host name", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("tree/a.txt")]
    [InlineData("tree/a.txt/below")]
    public async Task A_store_that_cannot_be_a_folder_is_told_as_such(string path)
    {
        var run = await CliRun.OfAsync("gateway", "run", "--listen", "127.0.0.1:0", "--store", folder.At(path));
        Assert.True(run.Code is ExitCode.Usage or ExitCode.Environment, $"{run.Code} {run.Error}");
        Assert.Contains("a.txt", run.Error, StringComparison.Ordinal);
        Assert.Contains("--store", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cancelled_command_ends_with_130_and_leaves_no_file()
    {
        var root = await AddAsync();
        var run = await CliRun.OfAsync([], new CancellationToken(canceled: true), "content", "get", root, "--store", store, "--to", folder.At("never"));
        Assert.Equal(ExitCode.Interrupted, run.Code);
        Assert.False(Path.Exists(folder.At("never")));
    }

    private async Task<string> AddAsync(params string[] more)
    {
        var added = await Run(["add", "-q", folder.At("tree"), .. more]);
        Assert.True(added.Code == ExitCode.Ok, added.Error);
        return added.Line;
    }

    private Task<CliRun> Run(params string[] arguments)
        => CliRun.OfAsync(arguments[0] == "frobnicate" ? ["content", .. arguments] : ["content", .. arguments, "--store", store]);
}
