using System.Text;
using Sojourn.Attestation;
using Sojourn.Primitives;
using Sojourn.Protocol.State;
using Sojourn.Testing;
using Xunit;

namespace Sojourn.Ledger.Ethereum.Tests.Market;

/// <summary>The contract and the state machine take the same evidence for planted: the state machine's answers stand in a file that forge holds against the contract (<c>Planted.t.sol</c>).</summary>
public sealed class PlantedVectorTests
{
    private static readonly Digest s_mark = Digest.Of("mark"u8);

    /// <summary>The file says what the state machine says today. <c>SOJOURN_WRITE_VECTORS=1</c> writes it anew, where the rule was changed on purpose.</summary>
    [Fact]
    public void The_contracts_vectors_are_the_state_machines_answers()
    {
        var path = Path.Combine(Vectors.Checkout, "contracts", "test", "vectors", "planted.json");
        var cases = Cases().ToList();
        var text = new StringBuilder("{\"mark\":\"0x").Append(s_mark).Append("\",\n\"carries\":[").AppendJoin(',', cases.Select(one => PlantedEvidence.Carries(one, s_mark) ? "true" : "false"))
            .Append("],\n\"evidence\":[\n").AppendJoin(",\n", cases.Select(one => $"\"0x{Convert.ToHexStringLower(one)}\"")).Append("]}\n").ToString();
        if (Environment.GetEnvironmentVariable("SOJOURN_WRITE_VECTORS") == "1")
        {
            File.WriteAllText(path, text);
        }

        Assert.Equal(File.ReadAllText(path), text);
        Assert.InRange(cases.Count(one => PlantedEvidence.Carries(one, s_mark)), 20, cases.Count - 20);
    }

    private static IEnumerable<byte[]> Cases()
    {
        var random = new Random(9);
        byte[] Marked(int offset, int rest) => [.. new byte[offset], .. s_mark.ToArray(), .. new byte[rest]];
        byte[] Attest(int name, byte type = 0x18) => [0xff, (byte)'T', (byte)'C', (byte)'G', 0x80, type, (byte)(name >> 8), (byte)name, .. new byte[name], 0, 32, .. s_mark.ToArray(), .. new byte[3]];
        var whole = new List<byte[]>();
        foreach (var kind in Enum.GetValues<EvidenceKind>())
        {
            foreach (var offset in new[] { 0, 52, 0x50, 368, 568 })
            {
                whole.Add(new Evidence(kind, Marked(offset, 32)).Encode());
                yield return whole[^1];
                if (random.Next(3) == 0)
                {
                    yield return new Evidence(kind, Marked(offset, 31)).Encode();
                    yield return new Evidence(kind, Marked(offset + 1, 40)).Encode();
                    yield return new Evidence(kind, new byte[80]).With((EvidencePart)random.Next(1, 13), Marked(offset, 40)).Encode();
                }
            }

            foreach (var name in new[] { 0, 34, 300 })
            {
                whole.Add(new Evidence(kind, default).With(EvidencePart.TpmQuote, Attest(name)).Encode());
                yield return whole[^1];
                yield return new Evidence(kind, new byte[8]).With(EvidencePart.TpmQuote, Attest(name, 0x17)).Encode();
            }

            yield return new Evidence(kind, Attest(34)).With(EvidencePart.EventLog, Attest(34)).With(EvidencePart.WrapKeyCertify, Attest(34)).Encode();
            yield return new Evidence(kind, Marked(52, 32)).With(EvidencePart.TpmQuote, Attest(34)).With(EvidencePart.Certificates, new byte[20]).With(EvidencePart.WrapKeySignature, new byte[3]).Encode();
        }

        // TPMS_ATTEST cut everywhere.
        var attest = Attest(4);
        for (var length = 0; length < attest.Length; length++)
        {
            yield return new Evidence(EvidenceKind.Tpm, default).With(EvidencePart.TpmQuote, attest.AsMemory(0, length)).Encode();
        }

        // Encodings that are not the one form.
        yield return [];
        yield return [0x83];
        yield return [0x83, 0x01, 0x00, 0xa0];
        yield return [0x83, 0x02, 0x00, 0xa0];
        yield return [0x83, 0x01, 0x08, 0xa0];
        yield return [0x83, 0x01, 0x18, 0x00, 0xa0];
        yield return [0x83, 0x01, 0x00, 0xb8, 0x21];
        yield return [0x83, 0x01, 0x00, 0xa1, 0x0d, 0x40];
        var report = Marked(52, 32);
        yield return [0x83, 0x01, 0x00, 0xa1, 0x00, 0x58, (byte)report.Length, .. report];
        yield return [0x83, 0x01, 0x00, 0xa1, 0x00, 0x59, 0x00, (byte)report.Length, .. report];
        yield return [0x83, 0x01, 0x00, 0xa1, 0x00, 0x5b, 0, 0, 0, 0, 0, 0, 0, (byte)report.Length, .. report];
        yield return [0x83, 0x01, 0x00, 0xa2, 0x01, 0x40, 0x00, 0x58, (byte)report.Length, .. report];
        yield return [0x83, 0x01, 0x00, 0xa2, 0x00, 0x58, (byte)report.Length, .. report, 0x00, 0x40];
        yield return [0x83, 0x01, 0x00, 0xa2, 0x00, 0x58, (byte)report.Length, .. report, 0x0c, 0x40];
        yield return [0x83, 0x01, 0x00, 0xa2, 0x00, 0x58, (byte)report.Length, .. report, 0x0c, 0x41];
        yield return [0x83, 0x01, 0x00, 0xa1, 0x00, 0x58, (byte)report.Length, .. report, 0x00];
        yield return [0x84, 0x01, 0x00, 0xa1, 0x00, 0x58, (byte)report.Length, .. report];

        // Whole ones with a byte changed, dropped or doubled.
        foreach (var one in whole.Where(_ => random.Next(2) == 0))
        {
            var at = random.Next(2) == 0 ? random.Next(Math.Min(10, one.Length)) : random.Next(one.Length);
            yield return random.Next(3) switch
            {
                0 => [.. one[..at], (byte)(one[at] ^ (1 << random.Next(8))), .. one[(at + 1)..]],
                1 => [.. one[..at], .. one[(at + 1)..]],
                _ => [.. one[..at], one[at], .. one[at..]],
            };
        }
    }
}
