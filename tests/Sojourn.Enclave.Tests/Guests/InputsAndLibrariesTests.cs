using System.Text;
using Sojourn.Enclave.Tests.Harness;
using Sojourn.Protocol.Jobs;
using Sojourn.Protocol.Transactions;
using Sojourn.Wasm.Text;

namespace Sojourn.Enclave.Tests.Guests;

/// <summary>Several inputs and outputs, sealed directories, a stream, options data; libraries linked with capabilities of their own.</summary>
public sealed class InputsAndLibrariesTests
{
    /// <summary>Opens a file of /in and gives back the error number; the same source is program and library, so the only difference is what each was handed.</summary>
    private static string Opener(string name) => $$"""
          (func ${{name}} (param $at i32) (param $length i32) (result i32)
            (call $open (i32.const 3) (i32.const 0) (local.get $at) (local.get $length) (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 48)))
        """;

    private static readonly byte[] Library = Wat.ToBinary($$"""
        (module
          (import "wasi_snapshot_preview1" "path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
          (memory (export "memory") 1)
          (data (i32.const 100) "open")
          (data (i32.const 200) "secret")
          (data (i32.const 300) "made")
          {{Opener("try")}}
          (func (export "shared") (result i32) (call $try (i32.const 100) (i32.const 4)))
          (func (export "secret") (result i32) (call $try (i32.const 200) (i32.const 6)))
          (func (export "write") (result i32)
            (call $open (i32.const 4) (i32.const 0) (i32.const 300) (i32.const 4) (i32.const 1) (i64.const 64) (i64.const 0) (i32.const 0) (i32.const 48))))
        """);

    private static readonly byte[] Program = Wat.ToBinary($$"""
        (module
          (import "wasi_snapshot_preview1" "path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
          (import "reader" "shared" (func $shared (result i32)))
          (import "reader" "secret" (func $secret (result i32)))
          (import "reader" "write" (func $write (result i32)))
          (memory (export "memory") 1)
          (data (i32.const 200) "secret")
          {{Opener("own")}}
          ;; One bit for each door that was open: the library's shared file, its secret file, its output; the program's own secret file.
          (func (export "_start")
            (call $exit
              (i32.or
                (i32.or (i32.eqz (call $shared)) (i32.shl (i32.eqz (call $secret)) (i32.const 1)))
                (i32.or (i32.shl (i32.eqz (call $write)) (i32.const 2)) (i32.shl (i32.eqz (call $own (i32.const 200) (i32.const 6))) (i32.const 3)))))))
        """);

    [Theory]
    [InlineData(new[] { "open" }, false, 0b1001u)]
    [InlineData(new string[0], false, 0b1000u)]
    [InlineData(new[] { "open", "secret" }, false, 0b1011u)]
    [InlineData(new[] { "open" }, true, 0b1101u)]
    public void A_library_reads_and_writes_what_it_was_handed_and_nothing_else(string[] inputs, bool mayWrite, uint doors)
    {
        foreach (var isSealed in (bool[])[false, true])
        {
            using var scene = new Scene();
            scene.Code = scene.SealedCode(Program);
            var library = isSealed ? scene.SealedCode(Library) : scene.Plain(Library);
            scene.Spec = new JobSpec
            {
                Name = "library",
                Inputs = [new JobInput("open", scene.Plain("everybody's"u8), false), new JobInput("secret", scene.SealedData([.. "the owner's"u8], policy => policy with { Code = [scene.Code, library] }), false)],
                Libraries = [new JobLibrary("reader", library, [.. inputs], mayWrite)],
            };
            var ending = new Host(scene).Run();
            Assert.True(ending.Outcome is not null, ending.Refusal?.Words);
            Assert.Equal(doors, ending.Outcome.Statement.Exit);
        }
    }

    [Fact]
    public void A_librarys_start_function_stands_under_the_jobs_limits()
    {
        using var scene = new Scene();
        scene.FuelMax = 1_000_000;
        scene.Code = scene.Plain(Wat.ToBinary("""(module (func (export "_start")))"""));
        foreach (var (module, exit) in new[] { ("""(module (func $f (loop $l (br $l))) (start $f))""", Wasm.TrapKind.FuelExhausted), ("""(module (func $f (unreachable)) (start $f))""", Wasm.TrapKind.Unreachable) })
        {
            scene.Spec = new JobSpec { Name = "library", Libraries = [new JobLibrary("bad", scene.Plain(Wat.ToBinary(module)), [], false)] };
            Assert.Equal(Running.GuestEngine.TrapBit | (uint)exit, new Host(scene).Run().Outcome!.Statement.Exit);
        }
    }

    [Fact]
    public void A_library_that_imports_what_nobody_gave_is_refused_by_name()
    {
        using var scene = new Scene();
        scene.Code = scene.Plain(Wat.ToBinary("""(module (func (export "_start")))"""));
        scene.Spec = new JobSpec { Name = "library", Libraries = [new JobLibrary("bad", scene.Plain(Wat.ToBinary("""(module (import "env" "fork" (func)))""")), [], false)] };
        var refusal = new Host(scene).Run().Refusal!;
        Assert.Equal(FailReason.CodeInvalid, refusal.Reason);
        Assert.Contains("the library bad", refusal.Words, StringComparison.Ordinal);
    }

    [Fact]
    public void A_library_sees_those_before_it()
    {
        using var scene = new Scene();
        scene.Code = scene.Plain(Wat.ToBinary("""(module (import "second" "f" (func $f (result i32))) (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32))) (memory (export "memory") 1) (func (export "_start") (call $exit (call $f))))"""));
        scene.Spec = new JobSpec
        {
            Name = "library",
            Libraries =
            [
                new JobLibrary("first", scene.Plain(Wat.ToBinary("""(module (func (export "g") (result i32) (i32.const 20)))""")), [], false),
                new JobLibrary("second", scene.Plain(Wat.ToBinary("""(module (import "first" "g" (func $g (result i32))) (func (export "f") (result i32) (i32.add (call $g) (i32.const 22))))""")), [], false),
            ],
        };
        Assert.Equal(42u, new Host(scene).Run().Outcome!.Statement.Exit);
    }

    [Fact]
    public async Task Sealed_folders_plain_files_a_stream_and_several_outputs()
    {
        using var scene = new Scene();
        scene.Code = scene.SealedCode(CopyGuest.Module);
        var big = Scene.RandomBytes((2 << 20) + 77);
        var stream = scene.SealedData(big);
        scene.Spec = new JobSpec
        {
            Name = "stream",
            Inputs = [new JobInput("stream", stream, true), new JobInput("folder", scene.SealedFolder(("a.txt", [1, 2]), ("deep/er/b.txt", [3])), false)],
            Recipients = [scene.Requester.Sealing.Public.Bytes],
        };
        var streamed = new Host(scene).Run();
        Assert.True(streamed.Outcome is not null, streamed.Refusal?.Words);
        Assert.Equal(big, (await scene.OpenAsync(streamed.Outcome.Output, streamed.Stored))["o"]);

        // The program looks at a sealed folder by its paths, and writes the options data that it was given as an input.
        scene.Code = scene.SealedCode(Scene.Probe);
        var folder = scene.SealedFolder(("a.txt", [1, 2]), ("deep/er/b.txt", [3]));
        scene.Spec = new JobSpec
        {
            Name = "folders",
            Arguments = ["exists", "/in/folder/a.txt", "/in/folder/deep/er/b.txt", "/in/folder/c.txt", "/in/options.json", "/in/other"],
            Inputs = [new JobInput("folder", folder, false), new JobInput("options.json", scene.Plain("{}"u8), false)],
            Recipients = [scene.Requester.Sealing.Public.Bytes],
        };
        var looked = new Host(scene).Run();
        Assert.True(looked.Outcome is not null, looked.Refusal?.Words);
        var log = Encoding.UTF8.GetString((await scene.OpenAsync(looked.Outcome.Output, looked.Stored))[".sojourn/stdout"]);
        Assert.Equal("/in/folder/a.txt there\n/in/folder/deep/er/b.txt there\n/in/folder/c.txt not there\n/in/options.json there\n/in/other not there\n", log);
    }

    [Fact]
    public void A_folder_cannot_be_standard_input()
    {
        using var scene = new Scene();
        scene.Code = scene.SealedCode(CopyGuest.Module);
        scene.Spec = new JobSpec { Name = "stream", Inputs = [new JobInput("folder", scene.SealedFolder(("a.txt", [1]), ("b.txt", [2])), true)] };
        Assert.Equal(FailReason.PolicyRefused, new Host(scene).Run().Refusal!.Reason);
    }
}
