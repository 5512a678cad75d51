using Sojourn.Attestation.Dcap;
using Sojourn.Attestation.Tests.VectorCases;
using Sojourn.Attestation.Tpm;
using Sojourn.Attestation.X509;
using Xunit.Abstractions;

namespace Sojourn.Attestation.Tests;

/// <summary>Damaged inputs of every kind: verdicts, never exceptions. A short run with every test; a long one as the campaign <c>attestation-fuzz</c>.</summary>
public sealed class FuzzTests(ITestOutputHelper output)
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 0, 0, 0, TimeSpan.Zero);

    [VectorFact("attestation/vectors.json")]
    public void DamagedInputsGiveVerdicts() => Assert.Equal(4000, Run(seed: 1, count: 4000));

    [VectorFact("attestation/vectors.json")]
    [Trait("long", "attestation-fuzz")]
    public void DamagedInputsGiveVerdictsForLong()
    {
        if (LongRun.Of("attestation-fuzz") is not { } run)
        {
            return;
        }

        var ran = 0L;
        Parallel.For(0, Environment.ProcessorCount, core =>
        {
            for (var round = 0; !run.Over; round++)
            {
                Interlocked.Add(ref ran, Run(seed: (int)(run.Seed << 20) + (core << 18) + round, count: 500));
            }
        });
        LongRun.Record(output, "attestation-fuzz", $"seed={run.Seed} inputs={ran} exceptions=0");
    }

    private static int Run(int seed, int count)
    {
        var random = new Random(seed);
        var seeds = Seeds();
        var ran = 0;
        for (var i = 0; i < count; i++)
        {
            var (bytes, parse) = seeds[random.Next(seeds.Count)];
            parse(Damage(bytes, random));
            ran++;
        }

        return ran;
    }

    private static List<(byte[] Bytes, Action<byte[]> Parse)> Seeds()
    {
        var seeds = new List<(byte[], Action<byte[]>)>();
        foreach (var item in VectorSet.All.Where(item => VectorInputs.Kinds.Contains(item.Kind)))
        {
            foreach (var input in VectorInputs.Of(item).Take(1))
            {
                foreach (var (part, whole) in input.Evidence.Parts)
                {
                    seeds.Add((whole.ToArray(), bytes =>
                    {
                        var evidence = input.Evidence.With(part, bytes);
                        var verdict = Verifier.Verify(evidence, input.Collateral, input.Now);
                        Appraiser.Appraise(verdict, evidence, input.Policy, input.Expected, input.Now);
                    }));
                }

                foreach (var document in input.Collateral.TcbInfos.Take(1))
                {
                    seeds.Add((document.Text.ToArray(), bytes => TcbInfo.TryParse(bytes)));
                }

                foreach (var document in input.Collateral.QeIdentities.Take(1))
                {
                    seeds.Add((document.Text.ToArray(), bytes => QeIdentity.TryParse(bytes)));
                }

                foreach (var list in input.Collateral.Lists.Take(2))
                {
                    seeds.Add((list.Raw.ToArray(), bytes => RevocationList.TryParse(bytes)));
                }

                seeds.Add((input.Evidence.Encode(), bytes => Evidence.TryDecode(bytes, out _)));
            }
        }

        foreach (var item in VectorSet.All.Where(item => item.Kind == "tpm-eventlog"))
        {
            seeds.Add((item.Read("log")!, bytes => EventLog.TryParse(bytes)?.Replay(TpmAlg.Sha256)));
        }

        seeds.Add((ImaTests.List(("/usr/bin/one", 1), ("/usr/bin/two", 2)), bytes => ImaLog.TryParse(bytes)?.Covered(TpmAlg.Sha256, new byte[32])));
        seeds.Add((Bindings.Sample().Encode(), bytes => JobBinding.TryDecode(bytes, out _)));
        seeds.Add((new AppraisalPolicy().ToJson(), bytes => AppraisalPolicy.TryParse(bytes, out _, out _)));
        seeds.Add(([1, 2, 3, 4], bytes => Verifier.Verify(new Evidence(EvidenceKind.Simulated, bytes), Collateral.Empty, Now)));
        return seeds;
    }

    private static byte[] Damage(byte[] whole, Random random)
    {
        var bytes = whole.ToArray();
        switch (random.Next(6))
        {
            case 0:
                return bytes[..random.Next(bytes.Length + 1)];
            case 1:
                return [.. bytes, .. bytes[..random.Next(Math.Min(64, bytes.Length) + 1)]];
            case 2 when bytes.Length > 8:
                // A length field turned huge or tiny.
                var at = random.Next(bytes.Length - 4);
                ReadOnlySpan<byte> extreme = random.Next(2) == 0 ? [0xFF, 0xFF, 0xFF, 0x7F] : [0, 0, 0, 0];
                extreme.CopyTo(bytes.AsSpan(at));
                return bytes;
            case 3 when bytes.Length > 16:
                var from = random.Next(bytes.Length - 8);
                bytes.AsSpan(from, 8).CopyTo(bytes.AsSpan(random.Next(bytes.Length - 8)));
                return bytes;
            default:
                for (var i = random.Next(1, 6); i > 0 && bytes.Length > 0; i--)
                {
                    bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
                }

                return bytes;
        }
    }
}
