using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Sojourn.Attestation;
using Sojourn.Attestation.Devices.Tpm;
using Sojourn.Attestation.Tpm;
using Sojourn.Attestation.X509;
using Sojourn.Benchmarks.Harness;

namespace Sojourn.Benchmarks.Attestation;

/// <summary>Verdicts per kind on real evidence, and quotes from a software TPM.</summary>
public sealed class AttestationSuite : IBenchSuite
{
    private const int Rounds = 7;

    /// <inheritdoc/>
    public string Name => "attestation";

    /// <inheritdoc/>
    public void Run(BenchReport report)
    {
        var root = Environment.GetEnvironmentVariable("SOJOURN_VECTORS") is { Length: > 0 } named ? named
            : Path.GetFullPath(Path.Combine(Environment.GetEnvironmentVariable("SOJOURN_ROOT") ?? ".", "..", "shared", "vectors"));
        if (!File.Exists(Path.Combine(root, "attestation", "vectors.json")))
        {
            report.Add(new BenchRow("verdicts", "not measured", "", "", "", "the attestation vectors are not at hand"));
        }
        else
        {
            foreach (var sample in Samples(Path.Combine(root, "attestation")))
            {
                Measure(report, sample);
            }
        }

        Quotes(report);
    }

    private static void Measure(BenchReport report, Sample sample)
    {
        const int Batch = 100;
        var collateral = sample.Collateral();
        AttestationResult Judge(Collateral with) =>
            Appraiser.Appraise(Verifier.Verify(sample.Evidence, with, sample.Now), sample.Evidence, sample.Policy, sample.Expected, sample.Now);
        if (Judge(collateral) is { Accepted: false } refused)
        {
            throw new InvalidOperationException($"{sample.Name} is refused: {string.Join("; ", refused.Reasons.Select(reason => reason.Words))}");
        }

        double Warm()
        {
            var start = Stopwatch.GetTimestamp();
            for (var i = 0; i < Batch; i++)
            {
                Judge(collateral);
            }

            return Stopwatch.GetElapsedTime(start).TotalMilliseconds / Batch;
        }

        double Cold()
        {
            const int Few = 10;
            var start = Stopwatch.GetTimestamp();
            for (var i = 0; i < Few; i++)
            {
                SignatureMemo.Clear();
                Judge(sample.Collateral());
            }

            return Stopwatch.GetElapsedTime(start).TotalMilliseconds / Few;
        }

        Warm();
        var before = GC.GetAllocatedBytesForCurrentThread();
        Judge(collateral);
        var bytes = GC.GetAllocatedBytesForCurrentThread() - before;
        report.Compare($"verdict {sample.Name}, roots and chains cached", "ms", Rounds, "≤ 2 ms", $"{bytes / 1024.0:0} KiB allocated", new Contestant("ours", Warm));
        report.Compare($"verdict {sample.Name}, cold (collateral parsed, nothing remembered)", "ms", Rounds, "≤ 4 ms", "", new Contestant("ours", Cold));
        var threads = Environment.ProcessorCount;
        report.Compare($"verdicts per second {sample.Name}, {threads} threads", "/s", 3, "≥ 600 /s", "", new Contestant("ours", () =>
        {
            var start = Stopwatch.GetTimestamp();
            Parallel.For(0, threads, new ParallelOptions { MaxDegreeOfParallelism = threads }, _ => Warm());
            return threads * Batch / Stopwatch.GetElapsedTime(start).TotalSeconds;
        }));
    }

    private static void Quotes(BenchReport report)
    {
        var folder = Directory.CreateTempSubdirectory("sojourn-bench-swtpm-").FullName;
        Process? swtpm = null;
        try
        {
            var port = FreePort();
            try
            {
                swtpm = Process.Start(new ProcessStartInfo("swtpm", ["socket", "--tpm2", "--tpmstate", $"dir={folder}", "--server", $"type=tcp,port={port},bindaddr=127.0.0.1", "--ctrl", $"type=tcp,port={port + 1},bindaddr=127.0.0.1", "--flags", "startup-clear,not-need-init"]) { UseShellExecute = false });
            }
            catch (System.ComponentModel.Win32Exception)
            {
                report.Add(new BenchRow("TPM quote", "not measured", "", "", "", "swtpm is not installed"));
                return;
            }

            TpmEndpoint.TryParse($"tcp:127.0.0.1:{port}", out var endpoint);
            Await(endpoint!);
            Overhead(report, endpoint!, port);
            CheckQuote(report, endpoint!, folder);
        }
        finally
        {
            if (swtpm is not null)
            {
                swtpm.Kill(entireProcessTree: true);
                swtpm.WaitForExit();
                swtpm.Dispose();
            }

            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Our client's quote against the same bytes written to the socket and read back with nothing around them: what the TPM and the loopback take by themselves.</summary>
    private static void Overhead(BenchReport report, TpmEndpoint endpoint, int port)
    {
        const int Batch = 100;
        var client = new TpmClient(endpoint.Open(), TimeProvider.System);
        var key = client.CreatePrimaryAsync(TpmClient.EndorsementHierarchy, TpmTemplates.AttestationKey, default).AsTask().GetAwaiter().GetResult();
        var attester = new TpmAttester(endpoint, new TpmAttesterOptions { EventLogPath = "", ImaLogPath = "", Registers = [0, 1, 2, 3, 4, 5, 6, 7] });
        var data = ReportData.ForChallenge(RandomNumberGenerator.GetBytes(32));
        // The two commands that one piece of evidence takes: PCR_Read of eight registers, and Quote.
        byte[] read = new TpmCommand(0x17E).Bytes(TpmPolicy.Encode([new PcrSelection(TpmAlg.Sha256, [0, 1, 2, 3, 4, 5, 6, 7])])).Build();
        byte[] quote = new TpmCommand(0x158).Handle(key.Handle).Password().Sized(data.ForTpm()).U16(TpmAlg.Null).Bytes(TpmPolicy.Encode([new PcrSelection(TpmAlg.Sha256, [0, 1, 2, 3, 4, 5, 6, 7])])).Build();
        double Ours()
        {
            var start = Stopwatch.GetTimestamp();
            for (var i = 0; i < Batch; i++)
            {
                attester.QuoteAsync(client, key, data, default).AsTask().GetAwaiter().GetResult();
            }

            return Stopwatch.GetElapsedTime(start).TotalMilliseconds / Batch;
        }

        // swtpm serves one connection at a time, so both sides share the client's transport.
        var transport = endpoint.Open();
        double Bare()
        {
            client.DisposeAsync().AsTask().GetAwaiter().GetResult();
            using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            socket.Connect(IPAddress.Loopback, port);
            var buffer = new byte[8192];
            var start = Stopwatch.GetTimestamp();
            for (var i = 0; i < Batch; i++)
            {
                Exchange(socket, read, buffer);
                Exchange(socket, quote, buffer);
            }

            var took = Stopwatch.GetElapsedTime(start).TotalMilliseconds / Batch;
            socket.Close();
            client = new TpmClient(endpoint.Open(), TimeProvider.System);
            return took;
        }

        report.Compare("TPM quote by our client (PCR read and quote)", "ms", Rounds, "≤ 1.10", "swtpm, P-256; the peer is the same two commands on a bare socket", new Contestant("ours", Ours), new Contestant("bare socket", Bare));
        new TpmObject(client, key.Handle).DisposeAsync().AsTask().GetAwaiter().GetResult();
        client.DisposeAsync().AsTask().GetAwaiter().GetResult();
        transport.DisposeAsync().AsTask().GetAwaiter().GetResult();
    }

    private static void CheckQuote(BenchReport report, TpmEndpoint endpoint, string folder)
    {
        var data = ReportData.ForChallenge(RandomNumberGenerator.GetBytes(32));
        var evidence = new TpmAttester(endpoint, new TpmAttesterOptions { EventLogPath = "", ImaLogPath = "" }).AttestAsync(data, default).AsTask().GetAwaiter().GetResult();
        File.WriteAllBytes($"{folder}/q.msg", evidence[EvidencePart.TpmQuote].ToArray());
        File.WriteAllBytes($"{folder}/q.sig", evidence[EvidencePart.TpmSignature].ToArray());
        File.WriteAllText($"{folder}/q.pem", PemEncoding.WriteString("PUBLIC KEY", TpmPublic.TryParse(evidence[EvidencePart.TpmKey].Span)!.Key!.Encoded.Span));
        var now = DateTimeOffset.UtcNow;
        try
        {
            report.Compare(
                "check of a TPM quote", "ms", Rounds, "", "ours in process; tpm2_checkquote as the process it is",
                new Contestant("ours", () =>
                {
                    var start = Stopwatch.GetTimestamp();
                    for (var i = 0; i < 50; i++)
                    {
                        if (Verifier.Verify(evidence, Collateral.Empty, now).Outcome != QuoteOutcome.Genuine)
                        {
                            throw new InvalidOperationException("The quote is refused.");
                        }
                    }

                    return Stopwatch.GetElapsedTime(start).TotalMilliseconds / 50;
                }),
                new Contestant("tpm2_checkquote", () =>
                {
                    var start = Stopwatch.GetTimestamp();
                    using var process = Process.Start(new ProcessStartInfo("tpm2_checkquote", ["-u", $"{folder}/q.pem", "-m", $"{folder}/q.msg", "-s", $"{folder}/q.sig", "-q", Convert.ToHexStringLower(data.Bytes), "-g", "sha256"]) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true })!;
                    process.StandardOutput.ReadToEnd();
                    process.WaitForExit();
                    return process.ExitCode == 0 ? Stopwatch.GetElapsedTime(start).TotalMilliseconds : throw new InvalidOperationException("tpm2_checkquote refused the quote.");
                }));
        }
        catch (System.ComponentModel.Win32Exception)
        {
            report.Add(new BenchRow("check of a TPM quote", "not measured", "", "", "", "tpm2_checkquote is not installed"));
        }
    }

    private static void Exchange(Socket socket, byte[] command, byte[] buffer)
    {
        socket.Send(command);
        var got = 0;
        while (got < 10 || got < System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(buffer.AsSpan(2)))
        {
            var read = socket.Receive(buffer, got, buffer.Length - got, SocketFlags.None);
            got += read > 0 ? read : throw new IOException("swtpm closed the connection.");
        }
    }

    private static void Await(TpmEndpoint endpoint)
    {
        for (var i = 0; ; i++)
        {
            try
            {
                var client = new TpmClient(endpoint.Open(), TimeProvider.System) { Timeout = TimeSpan.FromSeconds(5) };
                client.GetRandomAsync(4, default).AsTask().GetAwaiter().GetResult();
                client.DisposeAsync().AsTask().GetAwaiter().GetResult();
                return;
            }
            catch (TpmException) when (i < 200)
            {
                Thread.Sleep(25);
            }
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static IEnumerable<Sample> Samples(string folder)
    {
        byte[] Read(string path) => File.ReadAllBytes(Path.Combine(folder, path));
        var policy = new AppraisalPolicy { AnyMeasurement = true, RequireRevocation = false, RequireIma = false, AllowSeptVe = true, AgeMaximum = TimeSpan.FromDays(365) };
        DateTimeOffset At(string time) => DateTimeOffset.Parse(time, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);
        var snp = new Evidence(EvidenceKind.SevSnp, Read("snp/genoa-v5-oak/report.bin")).With(EvidencePart.Certificates, Read("snp/genoa-v5-oak/vcek.der"));
        yield return new("SEV-SNP (Genoa, with CRL)", snp, () => Collateral.Empty.AddCertificates(Read("roots/amd/genoa-chain.pem")).AddRevocationList(Read("roots/amd/crl/genoa-2026.crl.der")), policy, ReportData.FromDigest(snp[EvidencePart.Report].Slice(0x50, 64).Span), At("2026-09-01T00:00:00Z"));
        var tdx = new Evidence(EvidenceKind.Tdx, Read("tdx/v4-qvl-uptodate/quote.bin"));
        yield return new("TDX v4 (with CRLs)", tdx, () => Qvl(Read("tdx/v4-qvl-uptodate/collateral.json")), policy, ReportData.FromDigest(tdx[EvidencePart.Report].Slice(48 + 520, 64).Span), At("2025-07-01T00:00:00Z"));
        var sgx = new Evidence(EvidenceKind.Sgx, Read("sgx/v3-oasis/quote.bin"));
        yield return new("SGX v3", sgx, () => Collateral.Empty.AddTcbInfo(Read("sgx/v3-oasis/tcbinfo.json"), Read("roots/intel/tcb-signing-chain-2018.pem")).AddQeIdentity(Read("sgx/v3-oasis/qeidentity.json"), Read("roots/intel/tcb-signing-chain-2018.pem")), policy, ReportData.FromDigest(sgx[EvidencePart.Report].Slice(48 + 320, 64).Span), At("2022-12-20T00:50:04Z"));
        var nitro = new Evidence(EvidenceKind.Nitro, Read("nitro/2025-valid/doc.cbor"));
        var document = Sojourn.Attestation.Nitro.NitroDocument.TryParse(nitro[EvidencePart.Report].Span, new Findings())!;
        yield return new("Nitro", nitro, () => Collateral.Empty, policy, ReportData.ForChallenge(document.UserData ?? document.Nonce!), At("2025-12-25T13:15:37Z"));
        var tpm = Evidence.Of(EvidenceKind.Tpm, new Dictionary<EvidencePart, ReadOnlyMemory<byte>>
        {
            [EvidencePart.TpmQuote] = Read("tpm/gce-cos85-nonce9009/quote-sha256.msg"),
            [EvidencePart.TpmSignature] = Read("tpm/gce-cos85-nonce9009/quote-sha256.sig"),
            [EvidencePart.TpmKey] = Read("tpm/gce-cos85-nonce9009/ak.tpmt_public"),
            [EvidencePart.PcrValues] = Read("tpm/gce-cos85-nonce9009/pcrs-sha256.bin"),
            [EvidencePart.EventLog] = Read("tpm/gce-cos85-nonce9009/eventlog.bin"),
            [EvidencePart.Certificates] = Read("tpm/gce-cos85-nonce9009/ak-cert.der"),
        });
        yield return new("TPM (GCE vTPM, event log replayed)", tpm, () => Collateral.Empty.AddCertificates(Read("roots/tpm/gcp/tpm_ek_intermediate_2.crt")).AddCertificates(Read("roots/tpm/gcp/tpm_ek_root_1.cer")), policy with { MinimumLevel = TrustLevel.Tpm }, ReportData.ForChallenge(Convert.FromHexString("9009")), At("2022-01-01T00:00:00Z"));
        var azure = Evidence.Of(EvidenceKind.AzureSnp, new Dictionary<EvidencePart, ReadOnlyMemory<byte>>
        {
            [EvidencePart.Report] = Read("azure/snp-milan/hcl-report.bin"),
            [EvidencePart.TpmQuote] = Read("azure/snp-milan/tpm-quote.msg"),
            [EvidencePart.TpmSignature] = TpmSignature.WrapRsaSsaSha256(Read("azure/snp-milan/tpm-quote.rsassa.sig")),
            [EvidencePart.PcrValues] = Read("azure/snp-milan/pcrs-sha256.bin"),
            [EvidencePart.Certificates] = Read("azure/snp-milan/vcek.der"),
        });
        yield return new("Azure SNP with vTPM", azure, () => Collateral.Empty.AddCertificates(Read("roots/amd/milan-chain.pem")), policy, ReportData.ForChallenge("challenge"u8), At("2025-06-01T00:00:00Z"));
    }

    private static Collateral Qvl(byte[] bytes)
    {
        using var document = JsonDocument.Parse(bytes);
        byte[] Text(string name) => Encoding.UTF8.GetBytes(document.RootElement.GetProperty(name).GetString()!);
        byte[] Hex(string name) => Convert.FromHexString(document.RootElement.GetProperty(name).GetString()!);
        return Collateral.Empty.AddCertificates(Text("pck_crl_issuer_chain")).AddRevocationList(Hex("root_ca_crl")).AddRevocationList(Hex("pck_crl"))
            .AddTcbInfo(Text("tcb_info"), Hex("tcb_info_signature"), Text("tcb_info_issuer_chain"))
            .AddQeIdentity(Text("qe_identity"), Hex("qe_identity_signature"), Text("qe_identity_issuer_chain"));
    }

    private sealed record Sample(string Name, Evidence Evidence, Func<Collateral> Collateral, AppraisalPolicy Policy, ReportData Expected, DateTimeOffset Now);
}
