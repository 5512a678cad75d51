using System.Diagnostics;
using System.Security.Cryptography;
using Sojourn.Attestation;
using Sojourn.Benchmarks.Harness;
using Sojourn.Cryptography.HybridEncryption;
using Sojourn.Cryptography.Identity;
using Sojourn.Cryptography.Sealing;
using Sojourn.Cryptography.VerifiableRandomness;
using Sojourn.Primitives;
using Sojourn.Protocol.Policies;

namespace Sojourn.Benchmarks.Crypto;

/// <summary><c>./bench crypto</c>: sealing against the platform's raw cipher and against age, HPKE against its own parts, VRF, signatures, policies.</summary>
public sealed class CryptoSuite : IBenchSuite
{
    private const int Chunk = SealedLayout.ChunkSizeDefault;

    /// <inheritdoc/>
    public string Name => "crypto";

    /// <inheritdoc/>
    public void Run(BenchReport report)
    {
        Memory(report);
        Age(report);
        HpkeOpen(report);
        Vrf_(report);
        Signatures(report);
        Policies(report);
    }

    private static void Memory(BenchReport report)
    {
        const int Chunks = 256;
        using var content = Content();
        using var cipher = content.Cipher();
        var plain = new byte[Chunks * cipher.PlainSize];
        var body = new byte[Chunks * Chunk];
        RandomNumberGenerator.Fill(plain);
        var key = RandomNumberGenerator.GetBytes(32);
        var workers = Environment.ProcessorCount;
        var ciphers = Enumerable.Range(0, workers).Select(_ => new AesGcm(key, 16)).ToArray();
        var gigabytes = plain.Length / 1e9;
        const string Note = "256 MiB in memory, 1 MiB chunks, all cores; hashing of CIDs apart";

        double Rate(Action work)
        {
            var start = Stopwatch.GetTimestamp();
            work();
            return gigabytes / Stopwatch.GetElapsedTime(start).TotalSeconds;
        }

        void Raw(bool encrypt) => Parallel.For(0, workers, worker =>
        {
            Span<byte> nonce = stackalloc byte[12];
            for (var i = worker; i < Chunks; i += workers)
            {
                BitConverter.TryWriteBytes(nonce, i);
                var clear = plain.AsSpan(i * (Chunk - 16), Chunk - 16);
                var coded = body.AsSpan(i * Chunk, Chunk);
                if (encrypt)
                {
                    ciphers[worker].Encrypt(nonce, clear, coded[..^16], coded[^16..]);
                }
                else
                {
                    ciphers[worker].Decrypt(nonce, coded[..^16], coded[^16..], clear);
                }
            }
        });

        report.Compare("seal", "GB/s", 7, "≥ 0.8", Note,
            new Contestant("Sojourn", () => Rate(() => cipher.Seal(0, true, plain, body))),
            new Contestant("raw AES-256-GCM", () => Rate(() => Raw(encrypt: true))));

        report.Compare("open", "GB/s", 7, "≥ 0.8", Note,
            new Contestant("Sojourn", () =>
            {
                cipher.Seal(0, true, plain, body);
                return Rate(() =>
                {
                    if (cipher.Open(0, true, body, plain, out _, out _) != SealedFault.None)
                    {
                        throw new InvalidOperationException("The chunks do not open.");
                    }
                });
            }),
            new Contestant("raw AES-256-GCM", () =>
            {
                Raw(encrypt: true);
                return Rate(() => Raw(encrypt: false));
            }));
        foreach (var one in ciphers)
        {
            one.Dispose();
        }
    }

    private static void Age(BenchReport report)
    {
        if (!File.Exists("/usr/bin/age") || !Directory.Exists("/dev/shm"))
        {
            report.Add(new BenchRow("seal a 1 GiB file", "-", "age: not installed", "", "≤ 0.667", ""));
            return;
        }

        var folder = Directory.CreateDirectory($"/dev/shm/sojourn-bench-{Environment.ProcessId}").FullName;
        try
        {
            var source = Path.Combine(folder, "plain");
            var ours = Path.Combine(folder, "ours");
            var theirs = Path.Combine(folder, "theirs");
            var again = Path.Combine(folder, "again");
            var identity = Path.Combine(folder, "identity");
            var block = RandomNumberGenerator.GetBytes(1 << 20);
            using (var file = File.Create(source))
            {
                for (var i = 0; i < 1024; i++)
                {
                    file.Write(block);
                }
            }

            Tool("age-keygen", "-o", identity);
            var recipient = File.ReadAllLines(identity).First(line => line.Contains("age1", StringComparison.Ordinal)).Split(' ')[^1];
            using var key = HpkePrivateKey.Generate();
            SealedHeader? header = null;
            const string Note = "1 GiB in tmpfs to a file in tmpfs, one recipient; ours without CIDs, all cores";
            report.Compare("copy the 1 GiB file", "s", 3, "", "no cipher at all, one thread, 4 MiB at a time: what the file system alone asks for",
                Contestant.Timed("bare read and write", () => CopyFile(source, again)));
            report.Compare("seal a 1 GiB file", "s", 3, "≤ 0.667 (1.5 times as fast)", Note,
                Contestant.Timed("Sojourn", () => header = SealFile(source, ours, key.Public)),
                Contestant.Timed("age", () => Tool("age", "-r", recipient, "-o", theirs, source)));
            report.Compare("open a 1 GiB file", "s", 3, "≤ 0.667 (1.5 times as fast)", Note,
                Contestant.Timed("Sojourn", () => OpenFile(ours, again, header!, key)),
                Contestant.Timed("age", () => Tool("age", "-d", "-i", identity, "-o", again, theirs)));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void HpkeOpen(BenchReport report)
    {
        using var key = HpkePrivateKey.Generate();
        using var platform = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
        var secret = RandomNumberGenerator.GetBytes(32);
        var message = Hpke.Seal(key.Public, "info"u8, "aad"u8, secret);
        byte[] x = message[1..33], y = message[33..65];
        report.Compare("HPKE open (P-256, 32 bytes)", "µs", 9, "≤ 1.5", "bare: import of the encapsulated key, one agreement, HKDF-Extract and two Expands",
            new Contestant("Sojourn", () => Microseconds(500, () => Hpke.Open(key, "info"u8, "aad"u8, message, out _))),
            new Contestant("bare ECDH + HKDF", () => Microseconds(500, () =>
            {
                using var peer = ECDiffieHellman.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, Q = new ECPoint { X = x, Y = y } });
                using var handle = peer.PublicKey;
                var shared = platform.DeriveRawSecretAgreement(handle);
                var prk = HKDF.Extract(HashAlgorithmName.SHA256, shared);
                _ = HKDF.Expand(HashAlgorithmName.SHA256, prk, 32, secret);
                _ = HKDF.Expand(HashAlgorithmName.SHA256, prk, 12, secret);
            })));
        report.Compare("HPKE seal (P-256, 32 bytes)", "µs", 9, "", "with a fresh ephemeral key",
            new Contestant("Sojourn", () => Microseconds(500, () => Hpke.Seal(key.Public, "info"u8, "aad"u8, secret))));
    }

    private static void Vrf_(BenchReport report)
    {
        using var key = VrfPrivateKey.Generate();
        var alpha = RandomNumberGenerator.GetBytes(32);
        var proof = Vrf.Prove(key, alpha);
        var beta = new byte[32];
        report.Compare("VRF prove", "ms", 9, "≤ 3 ms, aim 2", "one core; four agreements and three imports are the platform's",
            new Contestant("Sojourn", () => Microseconds(200, () => Vrf.Prove(key, alpha)) / 1000));
        report.Compare("VRF verify", "ms", 9, "≤ 4 ms, aim 2", "one core; all ours, on public values",
            new Contestant("Sojourn", () => Microseconds(500, () => Vrf.Verify(key.Public, alpha, proof, beta)) / 1000));
    }

    private static void Signatures(BenchReport report)
    {
        using var identity = Secp256k1Identity.Generate();
        var digest = RandomNumberGenerator.GetBytes(32);
        var signature = identity.Sign(digest);
        var encoded = identity.Public.ToUncompressed();
        var compact = signature.ToBytes()[..64];
        report.Compare("secp256k1 sign (RFC 6979)", "µs", 9, "", "k·G is the platform's (a key import)",
            new Contestant("Sojourn", () => Microseconds(300, () => identity.Sign(digest))));
        report.Compare("secp256k1 recover and address", "µs", 9, "", "the platform imports the key and verifies, since it cannot recover",
            new Contestant("Sojourn", () => Microseconds(500, () => Secp256k1PublicKey.TryRecover(digest, signature, out _))),
            new Contestant("OpenSSL import + verify", () => Microseconds(300, () =>
            {
                using var key = ECDsa.Create(new ECParameters { Curve = ECCurve.CreateFromValue("1.3.132.0.10"), Q = new ECPoint { X = encoded[1..33], Y = encoded[33..] } });
                if (!key.VerifyHash(digest, compact))
                {
                    throw new InvalidOperationException("The signature does not hold.");
                }
            })));
    }

    private static void Policies(BenchReport report)
    {
        using var owner = Secp256k1Identity.Generate();
        var now = DateTimeOffset.UtcNow;
        var code = Cid.ForRaw("code"u8);
        var signed = SignedPolicy.Sign(
            new DataPolicy
            {
                Title = "bench",
                Owner = owner.Address,
                NotBefore = now.AddDays(-1),
                NotAfter = now.AddDays(1),
                Requesters = [.. Enumerable.Range(0, 50).Select(i => new Address([.. Enumerable.Repeat((byte)(i + 1), 20)]))],
                Code = [.. Enumerable.Range(0, 20).Select(i => Cid.ForRaw([(byte)i])), code],
                Proof = new ProofRequirement { Measurements = [ReferenceSet.Of("r", ("launch", "00"))], Regions = ["eu", "ch"], RequireChip = true },
                Limits = new UseLimits { Uses = 10, Draws = 10, Period = TimeSpan.FromDays(1), PeriodUses = 5, PeriodOutputBytes = 1 << 20 },
                Output = new OutputRule { AnyRecipient = true, Guards = [code] },
                Pool = new PoolRule { Members = [.. Enumerable.Range(0, 100).Select(i => new Address([.. Enumerable.Repeat((byte)(i + 1), 20)]))], MembersMin = 50 },
            },
            owner);
        var records = Enumerable.Range(0, 80).Select(i => Cid.ForDagCbor([(byte)i])).ToArray();
        var request = new PolicyRequest
        {
            Stage = PolicyStage.Offer,
            Now = now,
            Requester = new Address([.. Enumerable.Repeat((byte)50, 20)]),
            Code = code,
            Guards = [code],
            OutputBytesMax = 1000,
            OutputRecipients = [new byte[65]],
            Content = records[0],
            Role = ContentRoles.Input,
            Regions = ["europe", "ch"],
            JobContents = [code, .. records.Take(15)],
            Consents = Enumerable.Range(0, 80).ToDictionary(i => new Address([.. Enumerable.Repeat((byte)(i + 1), 20)]), i => records[i]),
        };
        report.Compare("policy evaluation", "µs", 9, "≤ 20 µs", "50 requesters, 21 modules, a pool of 100",
            new Contestant("Sojourn", () => Microseconds(20_000, () => PolicyEvaluator.Evaluate(signed, request))));
    }

    private static double Microseconds(int times, Action work)
    {
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < times; i++)
        {
            work();
        }

        return Stopwatch.GetElapsedTime(start).TotalMicroseconds / times;
    }

    private static OpenedContent Content()
    {
        using var key = HpkePrivateKey.Generate();
        using var sealer = new ContentSealer(new SealingOptions { Recipients = [key.Public] });
        sealer.SealFile(new MemoryStream()).CopyTo(Stream.Null);
        using var secret = sealer.ExportContentKey();
        return OpenedContent.TryCreate(sealer.Finish(Cid.ForRaw(default)), secret, out var content) == SealedFault.None ? content! : throw new InvalidOperationException("The header does not open.");
    }

    private static SealedHeader SealFile(string source, string target, HpkePublicKey recipient)
    {
        using var sealer = new ContentSealer(new SealingOptions { Recipients = [recipient], Padding = SizePadding.None });
        using var input = new FileStream(source, FileMode.Open, FileAccess.Read, FileShare.Read, 0);
        using var output = new FileStream(target, FileMode.Create, FileAccess.Write, FileShare.None, 0);
        sealer.SealFile(input).CopyTo(output, 4 << 20);
        return sealer.Finish(Cid.ForRaw(default));
    }

    private static void CopyFile(string source, string target)
    {
        using var input = new FileStream(source, FileMode.Open, FileAccess.Read, FileShare.Read, 0);
        using var output = new FileStream(target, FileMode.Create, FileAccess.Write, FileShare.None, 0);
        input.CopyTo(output, 4 << 20);
    }

    private static void OpenFile(string source, string target, SealedHeader header, HpkePrivateKey key)
    {
        if (header.TryOpenKey(key, out var secret) != SealedFault.None || OpenedContent.TryCreate(header, secret!, out var content) != SealedFault.None)
        {
            throw new InvalidOperationException("The header does not open.");
        }

        using (secret)
        using (content)
        {
            using var input = new FileStream(source, FileMode.Open, FileAccess.Read, FileShare.Read, 0);
            using var output = new FileStream(target, FileMode.Create, FileAccess.Write, FileShare.None, 0);
            using var stream = content!.OpenStream(input);
            stream.CopyTo(output, 4 << 20);
        }
    }

    private static void Tool(string name, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(name, arguments) { RedirectStandardError = true })!;
        process.StandardError.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{name} ended with {process.ExitCode}.");
        }
    }
}
