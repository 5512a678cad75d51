using System.Diagnostics;
using Sojourn.Benchmarks.Harness;
using Sojourn.Content;
using Sojourn.Content.Export;
using Sojourn.Content.Import;
using Sojourn.Content.Ipfs.Store;
using Sojourn.Cryptography.Sealing;
using Sojourn.Cryptography.HybridEncryption;
using Sojourn.Hosting.Doctor;
using Sojourn.Hosting.Keys;
using Sojourn.Node.Enclaves;
using Sojourn.Node.Executing;
using Sojourn.Primitives;
using Sojourn.Protocol;
using Sojourn.Protocol.EnclaveChannel;
using Sojourn.Protocol.Jobs;
using Sojourn.Protocol.Policies;
using Sojourn.Protocol.Releases;
using Sojourn.Protocol.Sealing;
using Sojourn.Protocol.Terms;
using Sojourn.Protocol.Transactions;
using Sojourn.Wasm;
using Sojourn.Wasm.Wasi;

namespace Sojourn.Benchmarks.Jobs;

/// <summary>
/// One GiB read by a guest: sealed, through an enclave's process, each block verified and opened there; against the same module in this process over the plain bytes, which are
/// verified against their CIDs too. Same engine, same fuel, same block store; the difference is sealing and the enclave.
/// </summary>
internal static class ScanRows
{
    private const long Bytes = 1L << 30;

    public static void Run(BenchReport report)
    {
        var folder = Directory.CreateTempSubdirectory("sojourn-bench-scan-").FullName;
        try
        {
            var store = FileBlockStore.Open(Path.Combine(folder, "blocks"), new FileBlockStoreOptions());
            var module = File.ReadAllBytes(Path.Combine(JobNetwork.Root, "examples", "count", "count.wasm"));
            using var owner = PartyKeys.Generate("owner");
            var plain = UnixFsImporter.ImportAsync(new Text(Bytes), store, null).AsTask().GetAwaiter().GetResult().Root;
            var code = UnixFsImporter.ImportAsync(new MemoryStream(module), store, null).AsTask().GetAwaiter().GetResult().Root;
            var policy = SignedPolicy.Sign(
                new DataPolicy
                {
                    Title = "scan",
                    Owner = owner.Address,
                    NotBefore = DateTimeOffset.UnixEpoch,
                    NotAfter = DateTimeOffset.UnixEpoch.AddYears(100),
                    AnyRequester = true,
                    Code = [code],
                    Output = new OutputRule { BytesMax = 1 << 20, AnyRecipient = true, Public = true },
                }, owner.Identity);
            using var sealedData = SealedDag.SealFileAsync(new Text(Bytes), new SealingOptions { Recipients = [owner.Sealing.Public], Policy = policy.Cid }, store, policy).AsTask().GetAwaiter().GetResult();
            var image = EnclaveImage.Measure(JobNetwork.EnclaveFolder);
            report.Compare(
                "a guest reads 1 GiB (count.wasm), sealed data in an enclave", "s", 3, "ratio ≤ 1.15", "the peer is the same module in this process over plain, CID-verified content",
                Contestant.Timed("sealed, in an enclave", () => InEnclave(store, image, code, sealedData, policy, owner)),
                Contestant.Timed("plain", () => InProcess(store, module, plain)));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void InProcess(FileBlockStore store, byte[] module, Cid root)
    {
        var compiled = WasmModule.Load(module, new ModuleOptions { Fuel = FuelMode.Path, CanonicalNaNs = true, Interruptible = true });
        using var machine = new Store(new StoreOptions());
        var output = new InMemoryFileSystem();
        var options = WasiOptions.Deterministic([1]);
        using var pipe = new PlainStream(UnixFsExporter.ReadAsync(store, root, default));
        options.StandardInput = WasiStream.FromStream(pipe, leaveOpen: true);
        options.AddDirectory("/in", new InMemoryFileSystem().Root);
        options.AddDirectory("/output", output.Root);
        using var wasi = new WasiPreview1(options);
        var linker = new Linker(machine);
        wasi.DefineIn(linker);
        if (WasiPreview1.Run(linker.Instantiate(compiled)) != 0 || !System.Text.Encoding.ASCII.GetString(output.ReadFile("counts")).StartsWith($"{Bytes}\n", StringComparison.Ordinal))
        {
            throw new InvalidOperationException("the plain scan went wrong");
        }
    }

    private static void InEnclave(FileBlockStore store, EnclaveImage image, Cid code, SealedResult data, SignedPolicy policy, PartyKeys owner) => Task.Run(async () =>
    {
        var spec = new JobSpec { Name = "scan", Inputs = [new JobInput("stdin", data.Cid, true)], TimeMax = TimeSpan.FromMinutes(5), Recipients = [owner.Sealing.Public.Bytes] };
        await store.PutAsync(Block.Create(Multicodec.DagCbor, spec.Encode()));
        var process = EnclaveProcess.Start(image, EnclaveSandbox.Bubblewrap, Examination.FindProgram("bwrap"));
        var ready = EnclaveReady.Decode((await process.Channel.ReceiveAsync(default)).Payload.Span);
        await using var run = new EnclaveRun(new StartedEnclave(process, ready), store, store);
        var genesis = Digest.Of("genesis"u8);
        var post = SignedTransaction.WithoutSignature(owner.Address, 1, new JobPost(new JobTerms { Spec = spec.Cid, Code = code, Inputs = [data.Cid], FuelMax = 1_000_000_000_000 }));
        var job = Identifiers.Job(genesis, owner.Address, 1, post.BodyDigest);
        var executor = owner.Address;
        var identity = await run.AssignAsync(new Assignment(genesis, post.Encoded, Digest.Of("beacon"u8), 0, executor, DateTimeOffset.UtcNow), default);
        var evidence = Digest.Of(identity.Binding.Span);
        var admission = Identifiers.Admission(job, 0, executor, evidence);
        HpkePublicKey.TryImport(HpkeKem.P256, identity.HpkeKey.Span, out var key);
        var wrapped = KeyWrap.WrapWithoutGrant(key!, KeyWrap.Info(job, admission, policy.Cid, data.Cid), data.ContentKey);
        var outcome = await run.ExecuteAsync(new Releases(admission, evidence, [new ReleasedKey(data.Cid, wrapped)]), new EnclaveListener(), default);
        if (outcome.Statement.Exit != 0)
        {
            throw new InvalidOperationException($"the sealed scan ended with {outcome.Statement.Exit:x}");
        }
    }).GetAwaiter().GetResult();

    /// <summary>Lines of text that no store can shorten, from a generator.</summary>
    private sealed class Text(long length) : Stream
    {
        private ulong _state = 88172645463325252;
        private long _at;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => length;

        public override long Position { get => _at; set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override int Read(Span<byte> buffer)
        {
            var n = (int)Math.Min(buffer.Length, length - _at);
            for (var i = 0; i < n; i++)
            {
                _state ^= _state << 13;
                _state ^= _state >> 7;
                _state ^= _state << 17;
                buffer[i] = "abcdefghijklmnopqrstuvwxyz 0123\n"u8[(int)(_state & 31)];
            }

            _at += n;
            return n;
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }

    /// <summary>Verified pieces of a file, one after the other.</summary>
    private sealed class PlainStream(IAsyncEnumerable<ReadOnlyMemory<byte>> pieces) : Stream
    {
        private readonly IAsyncEnumerator<ReadOnlyMemory<byte>> _pieces = pieces.GetAsyncEnumerator();
        private ReadOnlyMemory<byte> _rest;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override int Read(Span<byte> buffer)
        {
            while (_rest.IsEmpty)
            {
                if (!_pieces.MoveNextAsync().AsTask().GetAwaiter().GetResult())
                {
                    return 0;
                }

                _rest = _pieces.Current;
            }

            var n = Math.Min(buffer.Length, _rest.Length);
            _rest.Span[..n].CopyTo(buffer);
            _rest = _rest[n..];
            return n;
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
