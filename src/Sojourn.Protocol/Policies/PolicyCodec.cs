using System.Collections.Immutable;
using System.Globalization;
using Sojourn.Attestation;
using Sojourn.Primitives;
using Sojourn.Primitives.Cbor;
using Sojourn.Primitives.Ipld;

namespace Sojourn.Protocol.Policies;

/// <summary>Policies as dag-cbor: one encoding for each policy, unknown keys refused.</summary>
public static class PolicyCodec
{
    /// <summary>The format's name and version.</summary>
    public const string Format = "sojourn/policy/1";

    /// <summary>Largest policy, in bytes: 1 MiB.</summary>
    public const int SizeMax = 1 << 20;

    /// <summary>Most elements of a list.</summary>
    public const int ListMax = 10_000;

    private static readonly ImmutableSortedDictionary<string, EvidenceKind> Kinds =
        Enum.GetValues<EvidenceKind>().ToImmutableSortedDictionary(ProofRequirement.NameOf, kind => kind, StringComparer.Ordinal);

    private static readonly ImmutableSortedDictionary<string, CustodyClass> Custodies =
        Enum.GetValues<CustodyClass>().ToImmutableSortedDictionary(ProofRequirement.NameOf, custody => custody, StringComparer.Ordinal);

    /// <summary>Names of the kinds of evidence.</summary>
    public static IEnumerable<string> KindNames => Kinds.Keys;

    /// <summary>Names of the custody classes.</summary>
    public static IEnumerable<string> CustodyNames => Custodies.Keys;

    /// <summary>Reads a kind's name.</summary>
    /// <param name="name">As policies write it.</param>
    /// <param name="kind">The kind.</param>
    public static bool TryParseKind(string name, out EvidenceKind kind) => Kinds.TryGetValue(name, out kind);

    /// <summary>Reads a custody class's name.</summary>
    /// <param name="name">As policies write it.</param>
    /// <param name="custody">The class.</param>
    public static bool TryParseCustody(string name, out CustodyClass custody) => Custodies.TryGetValue(name, out custody);

    /// <summary>The canonical encoding of a policy, unsigned.</summary>
    /// <param name="policy">The policy.</param>
    public static byte[] Encode(OwnerPolicy policy)
    {
        ArgumentNullException.ThrowIfNull(policy);
        var writer = new CborWriter(CborProfile.DagCbor, 1024);
        Write(writer, policy);
        return writer.ToArray();
    }

    /// <summary>Reads a policy; untrusted.</summary>
    /// <param name="bytes">The encoding.</param>
    /// <param name="policy">The policy, unless there is a fault.</param>
    public static PolicyFault TryDecode(ReadOnlySpan<byte> bytes, out OwnerPolicy? policy)
    {
        policy = null;
        if (bytes.Length > SizeMax || !DagCbor.TryDecode(bytes, out var value, out _))
        {
            return PolicyFault.Malformed;
        }

        return TryRead(value, out policy);
    }

    internal static PolicyFault TryRead(DagValue value, out OwnerPolicy? policy)
    {
        policy = null;
        try
        {
            var read = Read(new DagFields(value));
            if (read.Fault() is not null)
            {
                return PolicyFault.InvalidValue;
            }

            policy = read;
            return PolicyFault.None;
        }
        catch (PolicyFormatException e)
        {
            return e.Fault;
        }
    }

    internal static bool SameEncoding(OwnerPolicy a, OwnerPolicy b) => Encode(a).AsSpan().SequenceEqual(Encode(b));

    internal static bool SameEncoding(ProofRequirement a, ProofRequirement b) => Part(w => WriteProof(w, a)).AsSpan().SequenceEqual(Part(w => WriteProof(w, b)));

    internal static bool SameEncoding(OutputRule a, OutputRule b) => Part(w => WriteOutput(w, a)).AsSpan().SequenceEqual(Part(w => WriteOutput(w, b)));

    internal static void Write(CborWriter writer, OwnerPolicy policy)
    {
        writer.BeginMap();
        writer.WriteKey("type").WriteText(Format);
        writer.WriteKey("kind").WriteText(policy is DataPolicy ? "data" : "app");
        writer.WriteKey("title").WriteText(policy.Title);
        writer.WriteKey("owner").WriteBytes(policy.Owner.AsSpan());
        writer.WriteKey("revision").WriteInteger(policy.Revision);
        if (policy.Replaces is { } replaces)
        {
            writer.WriteKey("replaces").WriteCid(replaces);
        }

        writer.WriteKey("from").WriteInteger(policy.NotBefore.ToUnixTimeSeconds());
        writer.WriteKey("until").WriteInteger(policy.NotAfter.ToUnixTimeSeconds());
        writer.WriteKey("who").BeginMap().WriteKey("any").WriteBoolean(policy.AnyRequester);
        writer.WriteKey("accounts");
        WriteAddresses(writer, policy.Requesters);
        writer.EndMap();
        writer.WriteKey("proof");
        WriteProof(writer, policy.Proof);
        writer.WriteKey("limits").BeginMap();
        WriteOptional(writer, "uses", policy.Limits.Uses);
        WriteOptional(writer, "draws", policy.Limits.Draws);
        WriteOptional(writer, "period", (long?)policy.Limits.Period?.TotalSeconds);
        WriteOptional(writer, "periodUses", policy.Limits.PeriodUses);
        WriteOptional(writer, "periodBytes", policy.Limits.PeriodOutputBytes);
        writer.EndMap();

        // Amounts reach 2^128, which dag-cbor's integers do not: decimal text.
        writer.WriteKey("price").BeginMap().WriteKey("perUse").WriteText(policy.Price.PerUse.ToString());
        writer.WriteKey("shares").BeginArray();
        foreach (var share in policy.Price.Shares)
        {
            writer.BeginMap().WriteKey("to").WriteBytes(share.To.AsSpan()).WriteKey("parts").WriteInteger(share.Parts).EndMap();
        }

        writer.EndArray().EndMap();
        switch (policy)
        {
            case DataPolicy data:
                writer.WriteKey("code");
                WriteLinks(writer, data.Code);
                writer.WriteKey("appOwners");
                WriteAddresses(writer, data.AppOwners);
                writer.WriteKey("output");
                WriteOutput(writer, data.Output);
                if (data.Pool is { } pool)
                {
                    writer.WriteKey("pool").BeginMap().WriteKey("least").WriteInteger(pool.MembersMin).WriteKey("members");
                    WriteAddresses(writer, pool.Members);
                    writer.EndMap();
                }

                break;
            case AppPolicy app:
                writer.WriteKey("code");
                WriteLinks(writer, app.Code);
                writer.WriteKey("revealCode").WriteBoolean(app.OutputMayRevealCode);
                writer.WriteKey("guardedBytes").WriteInteger(app.GuardedOutputBytesMax);
                break;
        }

        writer.EndMap();
    }

    private static OwnerPolicy Read(DagFields fields)
    {
        if (fields.Text("type") != Format)
        {
            throw new PolicyFormatException(PolicyFault.UnknownVersion, "another format");
        }

        var kind = fields.Text("kind");
        var title = fields.Text("title");
        var owner = fields.Address("owner");
        var revision = fields.Small("revision");
        var replaces = fields.OptionalLink("replaces");
        var from = Instant(fields.Integer("from"));
        var until = Instant(fields.Integer("until"));
        var who = fields.Map("who");
        var any = who.Flag("any");
        var accounts = who.List("accounts", value => DagFields.AddressOf(value));
        who.Done();
        var proof = ReadProof(fields.Map("proof"));
        var limits = ReadLimits(fields.Map("limits"));
        var price = ReadPrice(fields.Map("price"));

        OwnerPolicy policy;
        switch (kind)
        {
            case "data":
                policy = new DataPolicy
                {
                    Title = title,
                    Owner = owner,
                    NotBefore = from,
                    NotAfter = until,
                    Code = fields.List("code", DagFields.LinkOf),
                    AppOwners = fields.List("appOwners", value => DagFields.AddressOf(value)),
                    Output = ReadOutput(fields.Map("output")),
                    Pool = ReadPool(fields.OptionalMap("pool")),
                };
                break;
            case "app":
                policy = new AppPolicy
                {
                    Title = title,
                    Owner = owner,
                    NotBefore = from,
                    NotAfter = until,
                    Code = fields.List("code", DagFields.LinkOf),
                    OutputMayRevealCode = fields.Flag("revealCode"),
                    GuardedOutputBytesMax = fields.Integer("guardedBytes"),
                };
                break;
            default:
                throw new PolicyFormatException(PolicyFault.UnknownVersion, "another kind");
        }

        fields.Done();
        return policy with
        {
            Revision = revision,
            Replaces = replaces,
            AnyRequester = any,
            Requesters = accounts,
            Proof = proof,
            Limits = limits,
            Price = price,
        };
    }

    private static void WriteProof(CborWriter writer, ProofRequirement proof)
    {
        writer.BeginMap();
        writer.WriteKey("level").WriteText(proof.Level.Name());
        writer.WriteKey("kinds");
        WriteTexts(writer, proof.Kinds.Select(ProofRequirement.NameOf));
        writer.WriteKey("custody").WriteText(ProofRequirement.NameOf(proof.Custody));
        writer.WriteKey("tcb");
        WriteTexts(writer, proof.TcbStatuses.Select(status => status.ToString()));
        writer.WriteKey("tcbEvaluation").WriteInteger(proof.TcbEvaluationMin);
        writer.WriteKey("anyMeasurement").WriteBoolean(proof.AnyMeasurement);
        writer.WriteKey("measurements").BeginArray();
        foreach (var set in proof.Measurements)
        {
            writer.BeginMap().WriteKey("name").WriteText(set.Name).WriteKey("endorser").WriteText(set.Endorser).WriteKey("values").BeginMap();
            foreach (var (name, values) in set.Values)
            {
                writer.WriteKey(name);
                WriteTexts(writer, values);
            }

            writer.EndMap().EndMap();
        }

        writer.EndArray();
        writer.WriteKey("chip").WriteBoolean(proof.RequireChip);
        writer.WriteKey("revocation").WriteBoolean(proof.RequireRevocation);
        writer.WriteKey("regions");
        WriteTexts(writer, proof.Regions);
        writer.WriteKey("verifiers").WriteInteger(proof.VerifiersMin);
        writer.WriteKey("ageMax").WriteInteger((long)proof.AgeMax.TotalSeconds);
        writer.EndMap();
    }

    private static ProofRequirement ReadProof(DagFields fields)
    {
        var proof = new ProofRequirement
        {
            Level = TrustLevels.TryParse(fields.Text("level"), out var level) ? level : throw Invalid("level"),
            Kinds = fields.List("kinds", value => TryParseKind(DagFields.TextOf(value), out var kind) ? kind : throw Invalid("kinds")),
            Custody = TryParseCustody(fields.Text("custody"), out var custody) ? custody : throw Invalid("custody"),
            TcbStatuses = fields.List("tcb", value => ParseStatus(DagFields.TextOf(value))),
            TcbEvaluationMin = fields.Small("tcbEvaluation"),
            AnyMeasurement = fields.Flag("anyMeasurement"),
            Measurements = fields.List("measurements", ReadMeasurement),
            RequireChip = fields.Flag("chip"),
            RequireRevocation = fields.Flag("revocation"),
            Regions = fields.List("regions", DagFields.TextOf),
            VerifiersMin = fields.Small("verifiers"),
            AgeMax = fields.Integer("ageMax") is var age and >= 0 and <= 315_360_000 ? TimeSpan.FromSeconds(age) : throw Invalid("ageMax"),
        };
        fields.Done();
        return proof;
    }

    private static TcbStatus ParseStatus(string text) =>
        Enum.TryParse<TcbStatus>(text, ignoreCase: false, out var status) && Enum.IsDefined(status) && status.ToString() == text ? status : throw Invalid("tcb");

    private static ReferenceSet ReadMeasurement(DagValue value)
    {
        var fields = new DagFields(value);
        var values = fields.Map("values");
        var set = new ReferenceSet
        {
            Name = fields.Text("name"),
            Endorser = fields.Text("endorser"),
            Values = values.Entries().ToImmutableSortedDictionary(
                entry => entry.Key,
                entry => entry.Value is DagList list ? list.Items.Select(Lower).ToImmutableSortedSet(StringComparer.Ordinal) : throw Invalid("values"),
                StringComparer.Ordinal),
        };
        fields.Done();
        return set;
    }

    private static string Lower(DagValue value) =>
        DagFields.TextOf(value) is var text && text.All(char.IsAsciiHexDigitLower) ? text : throw Invalid("values");

    private static UseLimits ReadLimits(DagFields fields)
    {
        var limits = new UseLimits
        {
            Uses = fields.OptionalInteger("uses"),
            Draws = fields.OptionalInteger("draws"),
            Period = fields.OptionalInteger("period") switch
            {
                null => null,
                var seconds and >= 1 and <= 316_224_000 => TimeSpan.FromSeconds(seconds.Value),
                _ => throw Invalid("period"),
            },
            PeriodUses = fields.OptionalInteger("periodUses"),
            PeriodOutputBytes = fields.OptionalInteger("periodBytes"),
        };
        fields.Done();
        return limits;
    }

    private static PriceRule ReadPrice(DagFields fields)
    {
        var price = new PriceRule
        {
            PerUse = fields.Text("perUse") is var text && Amount.TryParse(text, out var amount) && amount.ToString() == text ? amount : throw Invalid("perUse"),
            Shares = fields.List("shares", value =>
            {
                var share = new DagFields(value);
                var read = new PayShare(share.Address("to"), share.Small("parts"));
                share.Done();
                return read;
            }),
        };
        fields.Done();
        return price;
    }

    private static void WriteOutput(CborWriter writer, OutputRule output)
    {
        writer.BeginMap();
        writer.WriteKey("bytes").WriteInteger(output.BytesMax);
        writer.WriteKey("public").WriteBoolean(output.Public);
        writer.WriteKey("anyRecipient").WriteBoolean(output.AnyRecipient);
        writer.WriteKey("to").BeginArray();
        foreach (var key in output.Recipients)
        {
            writer.WriteBytes(key.Span);
        }

        writer.EndArray().WriteKey("guards");
        WriteLinks(writer, output.Guards);
        writer.EndMap();
    }

    private static OutputRule ReadOutput(DagFields fields)
    {
        var output = new OutputRule
        {
            BytesMax = fields.Integer("bytes"),
            Public = fields.Flag("public"),
            AnyRecipient = fields.Flag("anyRecipient"),
            Recipients = fields.List("to", DagFields.BytesOf),
            Guards = fields.List("guards", DagFields.LinkOf),
        };
        fields.Done();
        return output;
    }

    private static PoolRule? ReadPool(DagFields? fields)
    {
        if (fields is null)
        {
            return null;
        }

        var pool = new PoolRule { MembersMin = fields.Small("least"), Members = fields.List("members", value => DagFields.AddressOf(value)) };
        fields.Done();
        return pool;
    }

    private static void WriteAddresses(CborWriter writer, ImmutableArray<Address> addresses)
    {
        writer.BeginArray();
        foreach (var address in addresses)
        {
            writer.WriteBytes(address.AsSpan());
        }

        writer.EndArray();
    }

    private static void WriteLinks(CborWriter writer, ImmutableArray<Cid> links)
    {
        writer.BeginArray();
        foreach (var link in links)
        {
            writer.WriteCid(link);
        }

        writer.EndArray();
    }

    private static void WriteTexts(CborWriter writer, IEnumerable<string> texts)
    {
        writer.BeginArray();
        foreach (var text in texts)
        {
            writer.WriteText(text);
        }

        writer.EndArray();
    }

    private static void WriteOptional(CborWriter writer, string key, long? value)
    {
        if (value is { } number)
        {
            writer.WriteKey(key).WriteInteger(number);
        }
    }

    private static byte[] Part(Action<CborWriter> write)
    {
        var writer = new CborWriter(CborProfile.DagCbor);
        write(writer);
        return writer.ToArray();
    }

    private static DateTimeOffset Instant(long seconds) => seconds is >= 0 and <= 253_402_300_799
        ? DateTimeOffset.FromUnixTimeSeconds(seconds)
        : throw Invalid("an instant");

    private static PolicyFormatException Invalid(string key) =>
        new(PolicyFault.InvalidValue, string.Create(CultureInfo.InvariantCulture, $"'{key}' has a value that is not known"));
}
