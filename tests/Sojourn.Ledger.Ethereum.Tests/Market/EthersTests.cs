using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Sojourn.Cryptography.Identity;
using Sojourn.Ledger.Ethereum.Market;
using Sojourn.Ledger.Ethereum.Transactions;
using Sojourn.Primitives;
using Sojourn.Protocol.Accounts;
using Sojourn.Protocol.Terms;
using Sojourn.Protocol.Transactions;
using Sojourn.Simulation.Model;
using Sojourn.Testing;

namespace Sojourn.Ledger.Ethereum.Tests.Market;

/// <summary>ethers signs the same messages and transactions to the same bytes.</summary>
public sealed class EthersTests
{
    private const string Installed = "tests/peers/ethers/node_modules/ethers/package.json";
    private static readonly Address s_contract = Address.Parse("0x00000000219ab540356cbb839cbe05303d7705fa");
    private static readonly Address s_one = Address.Parse("0x1111111111111111111111111111111111111111");
    private static readonly Digest s_job = Workbench.Hash("job");
    private static readonly Digest s_word = Workbench.Hash("word");
    private static readonly Cid s_cid = Workbench.Content("content");

    public static TheoryData<string> Kinds() => [.. Messages().Select(message => message.Types.Split('(')[0])];

    [ToolTheory("node", Installed)]
    [MemberData(nameof(Kinds))]
    public void A_message_is_signed_as_ethers_signs_it(string kind)
    {
        var (types, body, value) = Messages().First(message => message.Types.StartsWith(kind + "(", StringComparison.Ordinal));
        using var identity = Secp256k1Identity.Import(Workbench.Hash("key").AsSpan());
        var transaction = Draw(kind.Length);
        var answer = Ask(new JsonObject
        {
            ["action"] = "sign", ["key"] = "0x" + Workbench.Hash("key"), ["text"] = "x",
            ["domain"] = new JsonObject { ["name"] = "Sojourn", ["version"] = "1", ["chainId"] = 31337, ["verifyingContract"] = s_contract.ToString() },
            ["types"] = TypesOf(types), ["value"] = value, ["transaction"] = Json(transaction),
        });
        var digest = TypedMessages.SigningDigest(TypedMessages.Domain(31337, s_contract), body)!.Value;
        Assert.Equal(answer["typed"]!.GetValue<string>(), identity.Sign(digest.AsSpan()).ToString());

        // And one transaction each, drawn at random.
        Assert.Equal(answer["unsigned"]!.GetValue<string>(), "0x" + Convert.ToHexStringLower(transaction.EncodeUnsigned()));
        Assert.Equal(answer["signed"]!.GetValue<string>(), "0x" + Convert.ToHexStringLower(transaction.Sign(new Secp256k1Signer(identity)).Encoded.Span));
    }

    private static IEnumerable<(string Types, Transaction Body, JsonObject Value)> Messages()
    {
        JsonObject Of(params (string Name, JsonNode? Value)[] fields) => new(fields.Prepend(("round", 3)).Prepend(("job", Hex(s_job))).Select(field => KeyValuePair.Create(field.Item1, field.Item2)));
        var proof = Enumerable.Range(0, 81).Select(i => (byte)i).ToArray();
        yield return ("Ticket(bytes32 job,uint8 round,uint8 role,bytes32 output,bytes32[3] proof,uint32[] units,bytes32 possession)",
            new Ticket(s_job, 3, DrawRole.Verifier, s_word, proof, [1, 5, 70_000], s_word),
            Of(("role", 1), ("output", Hex(s_word)), ("proof", new JsonArray([.. TypedMessages.ProofWords(proof).Select(word => (JsonNode)Hex(word))])), ("units", new JsonArray(1, 5, 70_000)), ("possession", Hex(s_word))));
        yield return ("Evidence(bytes32 job,uint8 round,bytes content,bytes32 digest,bytes hpkeKey,bytes receiptKey,bytes32 possession)",
            new EvidencePublish(s_job, 3, s_cid, s_word, new byte[] { 1, 2, 3 }, new byte[33], s_word),
            Of(("content", Hex(s_cid.Bytes)), ("digest", Hex(s_word)), ("hpkeKey", "0x010203"), ("receiptKey", Hex(new byte[33])), ("possession", Hex(s_word))));
        yield return ("VoteCast(bytes32 job,uint8 round,Vote[] votes)Vote(address executor,uint8 verdict,bytes32 appraisal)",
            new VoteCast(s_job, 3, [new Vote(s_one, VoteVerdict.Accept, s_word), new Vote(s_contract, VoteVerdict.NotBound, s_job)]),
            Of(("votes", new JsonArray(VoteOf(s_one, 1, s_word), VoteOf(s_contract, 4, s_job)))));
        yield return ("AppraisalOpen(bytes32 job,uint8 round,Opening[] openings)Opening(address executor,bytes32 appraisal,bytes32 salt)",
            new AppraisalOpen(s_job, 3, [new Opening(s_one, s_word, s_job)]),
            Of(("openings", new JsonArray(new JsonObject { ["executor"] = s_one.ToString(), ["appraisal"] = Hex(s_word), ["salt"] = Hex(s_job) }))));
        yield return ("Release(bytes32 job,uint8 round,address executor,bytes32 offer,bytes32 admission,bytes32 wrappedKey)",
            new ReleaseRecord(s_job, 3, s_one, s_word, s_job, s_word), Of(("executor", s_one.ToString()), ("offer", Hex(s_word)), ("admission", Hex(s_job)), ("wrappedKey", Hex(s_word))));
        yield return ("Deny(bytes32 job,uint8 round,address executor,bytes32 offer,uint8 reason)",
            new ReleaseDeny(s_job, 3, s_one, s_word, DenyReason.Uses), Of(("executor", s_one.ToString()), ("offer", Hex(s_word)), ("reason", 3)));
        yield return ("Commit(bytes32 job,uint8 round,bytes32 commitment)", new ResultCommit(s_job, 3, s_word), Of(("commitment", Hex(s_word))));
        yield return ("Reveal(bytes32 job,uint8 round,bytes32 tag,uint32 exit,uint64 fuel,bytes32 output,bytes32 receipt,bytes32 nonce,bytes enclaveSignature,bytes receiptContent)",
            new ResultReveal(s_job, 3, new ResultStatement(s_word, uint.MaxValue, 1UL << 40, s_job, s_word), s_job, new byte[64], s_cid),
            Of(("tag", Hex(s_word)), ("exit", uint.MaxValue), ("fuel", 1UL << 40), ("output", Hex(s_job)), ("receipt", Hex(s_word)), ("nonce", Hex(s_job)), ("enclaveSignature", Hex(new byte[64])), ("receiptContent", Hex(s_cid.Bytes))));
        yield return ("Fail(bytes32 job,uint8 round,uint8 reason)", new ResultFail(s_job, 3, FailReason.Enclave), Of(("reason", 8)));
        yield return ("Judgement(bytes32 job,uint8 round,bool accept,bytes32 report)", new Judge(s_job, 3, true, s_word), Of(("accept", true), ("report", Hex(s_word))));
        yield return ("Review(bytes32 job,bool accept)", new Review(s_job, false), new JsonObject { ["job"] = Hex(s_job), ["accept"] = false });
        yield return ("Answer(bytes32 job,bytes32 output,bytes32 salt)", new KnownAnswerOpen(s_job, s_word, s_job), new JsonObject { ["job"] = Hex(s_job), ["output"] = Hex(s_word), ["salt"] = Hex(s_job) });
        yield return ("Plant(bytes32 job,uint8 round,bytes32 salt,bytes evidence)", new PlantOpen(s_job, 3, s_word, new byte[200]), Of(("salt", Hex(s_word)), ("evidence", Hex(new byte[200]))));
    }

    private static JsonObject VoteOf(Address executor, int verdict, Digest appraisal) => new() { ["executor"] = executor.ToString(), ["verdict"] = verdict, ["appraisal"] = Hex(appraisal) };

    private static string Hex(Digest digest) => "0x" + digest;

    private static string Hex(ReadOnlySpan<byte> bytes) => "0x" + Convert.ToHexStringLower(bytes);

    // "A(t a,u b)B(v c)" as ethers takes it: an object of lists of fields.
    private static JsonObject TypesOf(string text)
    {
        var types = new JsonObject();
        foreach (var part in text.Split(')', StringSplitOptions.RemoveEmptyEntries))
        {
            var fields = part[(part.IndexOf('(', StringComparison.Ordinal) + 1)..].Split(',').Select(field => (JsonNode)new JsonObject { ["type"] = field.Split(' ')[0], ["name"] = field.Split(' ')[1] });
            types[part.Split('(')[0]] = new JsonArray([.. fields]);
        }

        return types;
    }

    private static FeeTransaction Draw(int seed)
    {
        var random = new Random(seed);
        var data = new byte[random.Next(200)];
        random.NextBytes(data);
        return new FeeTransaction
        {
            ChainId = (ulong)random.Next(1, 1 << 30), Nonce = (ulong)random.Next(1 << 20), PriorityFeeMax = (UInt128)random.NextInt64(1L << 40), FeeMax = ((UInt128)1 << 64) + (UInt128)random.NextInt64(), GasLimit = (ulong)random.Next(1 << 24),
            To = random.Next(3) == 0 ? null : s_one, Value = ((UInt128)random.NextInt64() << 20) + 1, Data = data, Accesses = random.Next(2) == 0 ? [] : [new AccessEntry(s_contract, [s_word, s_job])],
        };
    }

    private static JsonObject Json(FeeTransaction t) => new()
    {
        ["type"] = 2, ["chainId"] = t.ChainId, ["nonce"] = t.Nonce, ["maxPriorityFeePerGas"] = Quantity(t.PriorityFeeMax), ["maxFeePerGas"] = Quantity(t.FeeMax), ["gasLimit"] = t.GasLimit, ["to"] = t.To?.ToString(),
        ["value"] = Quantity(t.Value), ["data"] = Hex(t.Data.Span),
        ["accessList"] = new JsonArray([.. t.Accesses.Select(entry => (JsonNode)new JsonObject { ["address"] = entry.Address.ToString(), ["storageKeys"] = new JsonArray([.. entry.Slots.Select(slot => (JsonNode)Hex(slot))]) })]),
    };

    private static string Quantity(UInt128 value) => "0x" + value.ToString("x", CultureInfo.InvariantCulture);

    private static JsonNode Ask(JsonObject request)
    {
        using var process = Process.Start(new ProcessStartInfo("node", ["peer.mjs"])
        {
            WorkingDirectory = Path.Combine(Vectors.Checkout, "tests/peers/ethers"), RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false,
        })!;
        process.StandardInput.Write(request.ToJsonString());
        process.StandardInput.Close();
        var answer = process.StandardOutput.ReadToEnd();
        var error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, error);
        return JsonNode.Parse(answer)!;
    }
}
