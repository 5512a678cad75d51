using System.Collections.Immutable;
using Sojourn.Primitives.Cbor;
using Sojourn.Primitives.Cose;

namespace Sojourn.Attestation.Results;

/// <summary>The claims as a CWT's payload: EAT and EAR claims by number, ours by name.</summary>
internal static class ResultCbor
{
    private const int Status = 1000;
    private const int VectorLabel = 1001;
    private const int PolicyId = 1003;
    private const int VerifierId = 1004;

    public static byte[] Write(ResultClaims claims)
    {
        var writer = new CborWriter();
        writer.BeginMap()
            .WriteKey(CwtClaim.Issuer).WriteText(claims.Issuer)
            .WriteKey(CwtClaim.Expiration).WriteInteger(claims.Expires.ToUnixTimeSeconds())
            .WriteKey(CwtClaim.IssuedAt).WriteInteger(claims.IssuedAt.ToUnixTimeSeconds())
            .WriteKey(CwtClaim.EatNonce).WriteBytes(claims.Nonce.Span)
            .WriteKey(CwtClaim.EatProfile).WriteText(ResultClaims.Profile)
            .WriteKey(CwtClaim.Submodules).BeginMap().WriteKey(ResultClaims.Submodule).BeginMap()
            .WriteKey(Status).WriteInteger(claims.Accepted ? claims.Vector.Status : 96)
            .WriteKey(VectorLabel).BeginMap();
        var index = 0;
        foreach (var (_, value) in claims.Vector.All())
        {
            writer.WriteKey(index++).WriteInteger(value);
        }

        writer.EndMap().WriteKey(PolicyId).WriteText(claims.PolicyName).WriteKey("sojourn").BeginMap()
            .WriteKey("accepted").WriteBoolean(claims.Accepted)
            .WriteKey("kind").WriteText(claims.Kind)
            .WriteKey("level").WriteText(claims.Level)
            .WriteKey("chip").WriteText(claims.Chip)
            .WriteKey("custody").WriteText(claims.Custody)
            .WriteKey("anchor").WriteText(claims.Anchor)
            .WriteKey("tcb").WriteText(claims.Tcb)
            .WriteKey("reference").WriteText(claims.Reference)
            .WriteKey("policy").WriteBytes(claims.PolicyDigest.Span)
            .WriteKey("evidence").WriteBytes(claims.EvidenceDigest.Span)
            .WriteKey("collateral").WriteBytes(claims.CollateralDigest.Span)
            .WriteKey("advisories").BeginArray();
        foreach (var advisory in claims.Advisories)
        {
            writer.WriteText(advisory);
        }

        writer.EndArray().WriteKey("reasons").BeginArray();
        foreach (var reason in claims.Reasons)
        {
            writer.BeginArray().WriteText(reason.Name).WriteText(reason.Words).WriteText(reason.Remedy).EndArray();
        }

        return writer.EndArray().EndMap().EndMap().EndMap()
            .WriteKey(VerifierId).BeginMap().WriteKey("build").WriteText("1").WriteKey("developer").WriteText("Sojourn").EndMap()
            .EndMap().ToArray();
    }

    public static ResultClaims? TryRead(ReadOnlySpan<byte> payload)
    {
        try
        {
            return Read(payload);
        }
        catch (Exception e) when (e is CborException or ArgumentException or KeyNotFoundException or InvalidCastException or OverflowException)
        {
            return null;
        }
    }

    private static ResultClaims? Read(ReadOnlySpan<byte> payload)
    {
        // Deterministic encoding fixes the order of members, so the claims are read in it.
        var top = new Dictionary<string, object>(StringComparer.Ordinal);
        var reader = new CborReader(payload, CborProfile.Deterministic, 8);
        ReadMap(ref reader, top);
        reader.ReadEnd();
        if ((string)top["265"] != ResultClaims.Profile)
        {
            return null;
        }

        var machine = (Dictionary<string, object>)((Dictionary<string, object>)top["266"])[ResultClaims.Submodule];
        var vector = (Dictionary<string, object>)machine["1001"];
        var own = (Dictionary<string, object>)machine["sojourn"];
        sbyte Claim(int index) => vector.TryGetValue($"{index}", out var value) ? checked((sbyte)(long)value) : (sbyte)0;
        var read = new ResultClaims
        {
            Issuer = (string)top["1"],
            Expires = DateTimeOffset.FromUnixTimeSeconds((long)top["4"]),
            IssuedAt = DateTimeOffset.FromUnixTimeSeconds((long)top["6"]),
            Nonce = (byte[])top["10"],
            Accepted = (bool)own["accepted"],
            Kind = (string)own["kind"],
            Level = (string)own["level"],
            Chip = (string)own["chip"],
            Custody = (string)own["custody"],
            Anchor = (string)own["anchor"],
            Tcb = (string)own["tcb"],
            Reference = (string)own["reference"],
            PolicyName = (string)machine["1003"],
            PolicyDigest = (byte[])own["policy"],
            EvidenceDigest = (byte[])own["evidence"],
            CollateralDigest = (byte[])own["collateral"],
            Advisories = [.. ((List<object>)own["advisories"]).Cast<string>()],
            Reasons = [.. ((List<object>)own["reasons"]).Cast<List<object>>().Select(r => new ResultReason((string)r[0], (string)r[1], (string)r[2]))],
            Vector = new TrustVector
            {
                InstanceIdentity = Claim(0),
                Configuration = Claim(1),
                Executables = Claim(2),
                FileSystem = Claim(3),
                Hardware = Claim(4),
                RuntimeOpaque = Claim(5),
                StorageOpaque = Claim(6),
                SourcedData = Claim(7),
            },
        };
        return (long)machine["1000"] == (read.Accepted ? read.Vector.Status : 96) ? read : null;
    }

    private static void ReadMap(ref CborReader reader, Dictionary<string, object> into)
    {
        var count = reader.ReadMapHeader(64);
        for (var i = 0; i < count; i++)
        {
            var key = reader.Peek() == CborKind.Text ? reader.ReadText(64) : $"{reader.ReadInt64()}";
            into.Add(key, ReadItem(ref reader));
        }
    }

    private static object ReadItem(ref CborReader reader)
    {
        switch (reader.Peek())
        {
            case CborKind.Map:
                var map = new Dictionary<string, object>(StringComparer.Ordinal);
                ReadMap(ref reader, map);
                return map;
            case CborKind.Array:
                var list = new List<object>();
                var count = reader.ReadArrayHeader(256);
                for (var i = 0; i < count; i++)
                {
                    list.Add(ReadItem(ref reader));
                }

                return list;
            case CborKind.Text:
                return reader.ReadText(4096);
            case CborKind.Bytes:
                return reader.ReadBytes(4096).ToArray();
            case CborKind.Boolean:
                return reader.ReadBoolean();
            default:
                return reader.ReadInt64();
        }
    }
}
