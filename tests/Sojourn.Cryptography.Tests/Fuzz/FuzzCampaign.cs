using System.Text;
using Sojourn.Cryptography.Custody;
using Sojourn.Cryptography.Dsse;
using Sojourn.Cryptography.HybridEncryption;
using Sojourn.Cryptography.Identity;
using Sojourn.Cryptography.Keys;
using Sojourn.Cryptography.Keystores;
using Sojourn.Cryptography.Mnemonics;
using Sojourn.Cryptography.Sealing;
using Sojourn.Cryptography.Secrets;
using Sojourn.Cryptography.Tests.Sealing;
using Sojourn.Cryptography.VerifiableRandomness;
using Sojourn.Hosting.Policies;
using Sojourn.Hosting.Yaml;
using Sojourn.Primitives;
using Sojourn.Primitives.Cbor;
using Sojourn.Primitives.Cose;
using Sojourn.Protocol;
using Sojourn.Protocol.EnclaveChannel;
using Sojourn.Protocol.Policies;
using Sojourn.Protocol.Releases;
using Sojourn.Testing;
using Xunit;
using Xunit.Abstractions;

namespace Sojourn.Cryptography.Tests.Fuzz;

/// <summary>Every parser of untrusted bytes, fed with damaged samples: each answers with a verdict, none throws.</summary>
public sealed class FuzzCampaign(ITestOutputHelper output)
{
    private static readonly SecretKey Passphrase = SecretKey.CopyOf("pass"u8);

    private sealed record Parser(string Name, byte[][] Samples, Action<byte[]> Parse);

    /// <summary>A short run in every test run.</summary>
    [Fact]
    public void Damaged_inputs_get_verdicts()
    {
        var random = new Random(2026);
        foreach (var parser in Parsers())
        {
            for (var i = 0; i < 300; i++)
            {
                Try(parser, Damage(parser.Samples[random.Next(parser.Samples.Length)], random));
            }
        }
    }

    [Fact]
    [Trait("long", "fuzz-crypto")]
    public void Damaged_inputs_get_verdicts_for_long()
    {
        if (LongRun.Of("fuzz-crypto") is not { } run)
        {
            return;
        }

        var random = new Random((int)run.Seed);
        var parsers = Parsers();
        var counts = new long[parsers.Length];
        while (!run.Over)
        {
            for (var p = 0; p < parsers.Length; p++)
            {
                // An equal share of time for each, so that a slow one does not keep the others from many inputs.
                for (var end = Environment.TickCount64 + 20; Environment.TickCount64 < end;)
                {
                    for (var i = 0; i < 10; i++)
                    {
                        Try(parsers[p], Damage(parsers[p].Samples[random.Next(parsers[p].Samples.Length)], random));
                        counts[p]++;
                    }
                }
            }
        }

        LongRun.Record(output, "fuzz-crypto", $"seed={run.Seed} inputs={counts.Sum()} parsers={parsers.Length} crashes=0");
    }

    private static Parser[] Parsers()
    {
        var made = Sealed.Make(Sealed.Random(1000), 256, SizePadding.Padme);
        using var secret = SecretKey.Random();
        var second = HpkePrivateKey.Generate();
        var shares = ShareSet.Split(secret, 2, [("a", Sealed.Recipient.Public), ("b", second.Public)]);
        ShareDealing[] dealings = [.. new[] { Sealed.Recipient, second }.Select(key => ShareDealing.TryMake(shares, key, out var dealing) == CustodyFault.None ? dealing! : throw new InvalidOperationException("no dealing"))];
        RefreshedShare[] words = [.. new[] { Sealed.Recipient, second }.Select(key => ShareRefresh.TryTake(shares, key, dealings, out var word, out _) == CustodyFault.None ? word! : throw new InvalidOperationException("no word"))];
        _ = ShareRefresh.TryAdopt(shares, Sealed.Recipient, words, out var refreshed, out _);
        using var identity = Secp256k1Identity.Generate();
        var vrf = VrfPrivateKey.Generate();
        var jwk = Sealed.Recipient.Public.ToJwk();
        var signer = System.Security.Cryptography.ECDsa.Create(System.Security.Cryptography.ECCurve.NamedCurves.nistP256);
        var manifest = SealedDirectory.Encode([new SealedDirectoryEntry("a/b", SealedEntryKind.File, 0, 9, 420, 1, null), new SealedDirectoryEntry("c", SealedEntryKind.Link, 0, 0, null, null, "a")]);
        var opened = made.Open();
        var hpke = Hpke.Seal(Sealed.Recipient.Public, "i"u8, "a"u8, "message"u8);
        var beta = new byte[32];
        _ = shares.TryOpen(Sealed.Recipient, out var ownShare);
        var handedOver = ShareHandOver.Seal(ownShare!, Sealed.Recipient.Public);
        var info = KeyWrap.Info(Digest.Of("job"u8), Digest.Of("admission"u8), Cid.ForRaw("policy"u8), Cid.ForRaw("content"u8));
        var record = shares.WithoutShares().Encode();
        var shareInfo = new ProtocolHash("sojourn/share-release/1").Add(new Digest(info)).Add(Digest.Of(record)).Add(1UL).Finish().ToArray();
        using var shareValue = ownShare!.Export();
        var release = new CborWriter(CborProfile.DagCbor).BeginArray().WriteText("sojourn/share-release/1").WriteBytes(record).WriteInteger(1)
            .WriteBytes(Hpke.SealKey(Sealed.Recipient.Public, shareInfo, [], shareValue)).EndArray().ToArray();
        var consent = PoolConsent.Sign(Cid.ForRaw("policy"u8), Cid.ForRaw("content"u8), granted: true, 1, identity).Encode();
        static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);
        static string Text(byte[] bytes) => Encoding.UTF8.GetString(bytes);
        var owner = Secp256k1Identity.Generate();
        var now = new DateTimeOffset(2026, 3, 1, 0, 0, 0, TimeSpan.Zero);
        var yaml = new[] { "data", "app" }.Select(kind => PolicyFile.Template(kind, now)).ToArray();
        var policies = yaml.Select(text => PolicyFile.Read("policy.yaml", text, owner.Address)).ToArray();
        var cose = CoseSign1.Sign(signer, CoseAlgorithm.ES256, "payload"u8.ToArray(), CoseMap.Empty.With(CoseHeader.ContentType, "text/plain")).Encode();
        return
        [
            new("cose", [cose], bytes =>
            {
                if (CoseSign1.TryDecode(bytes, out var message) == CoseFault.None)
                {
                    _ = message!.Verify(signer);
                }
            }),
            new("policy", [.. policies.Select(PolicyCodec.Encode)], bytes =>
            {
                if (PolicyCodec.TryDecode(bytes, out var policy) == PolicyFault.None)
                {
                    _ = PolicyExplainer.Explain(policy!, null);
                }
            }),
            new("signed policy", [.. policies.Select(policy => SignedPolicy.Sign(policy, owner).Block.ToArray())], bytes => _ = SignedPolicy.TryDecode(bytes, out _)),
            new("policy file", [.. yaml.Select(Utf8)], bytes =>
            {
                try
                {
                    _ = PolicyFile.Read("policy.yaml", Text(bytes), owner.Address);
                }
                catch (YamlFileException)
                {
                    // The verdict of a file.
                }
            }),
            new("header", [made.Header.Encode()], bytes =>
            {
                if (SealedHeader.TryDecode(bytes, out var header) == SealedFault.None && header!.TryOpenKey(Sealed.Recipient, out var key) == SealedFault.None)
                {
                    _ = OpenedContent.TryCreate(header, key!, out _);
                }
            }),
            new("manifest", [manifest], bytes => _ = SealedDirectory.TryDecode(bytes, 10, out _)),
            new("body", [made.Body], bytes =>
            {
                using var stream = opened.OpenStream(new MemoryStream(bytes));
                try
                {
                    stream.CopyTo(Stream.Null);
                }
                catch (SealedContentException)
                {
                    // The verdict of a stream.
                }
            }),
            new("share set", [shares.Encode(), refreshed!.Encode()], bytes =>
            {
                if (ShareSet.TryDecode(bytes, out var set) == CustodyFault.None)
                {
                    _ = set!.TryOpen(Sealed.Recipient, out _);
                }
            }),
            new("share release", [release], bytes =>
            {
                if (ShareRelease.TryDecode(bytes, out var read) == CustodyFault.None && read!.Open(Sealed.Recipient, info, out var share) == HpkeFault.None)
                {
                    _ = read.Record.TryCombine([share!], out _, out _);
                }
            }),
            new("share hand-over", [handedOver], bytes =>
            {
                if (ShareHandOver.TryOpen(Sealed.Recipient, bytes, out var share) == CustodyFault.None)
                {
                    _ = shares.TryCombine([share!], out _, out _);
                }
            }),
            new("share dealing", [dealings[1].Encode()], bytes =>
            {
                if (ShareDealing.TryDecode(bytes, out var dealing) == CustodyFault.None)
                {
                    _ = ShareRefresh.TryTake(shares, Sealed.Recipient, [dealings[0], dealing!], out _, out _);
                }
            }),
            new("refreshed share", [words[1].Encode()], bytes =>
            {
                if (RefreshedShare.TryDecode(bytes, out var word) == CustodyFault.None)
                {
                    _ = ShareRefresh.TryAdopt(shares, Sealed.Recipient, [words[0], word!], out _, out _);
                }
            }),
            new("pool consent", [consent], bytes => _ = PoolConsent.TryDecode(bytes, out _)),
            new("notice", [new EnclaveNotice("custodians whose shares were wrong: 'a'").Encode()], bytes =>
            {
                try
                {
                    _ = EnclaveNotice.Decode(bytes);
                }
                catch (ChannelException)
                {
                    // The verdict of a frame.
                }
            }),
            new("hpke", [hpke], bytes => _ = Hpke.Open(Sealed.Recipient, "i"u8, "a"u8, bytes, out _)),
            new("vrf proof", [Vrf.Prove(vrf, "a"u8)], bytes => _ = Vrf.Verify(vrf.Public, "a"u8, bytes, beta)),
            new("vrf key", [vrf.Public.Bytes.ToArray(), vrf.Public.ToUncompressed()], bytes => _ = VrfPublicKey.TryImport(bytes, out _)),
            new("signature", [identity.Sign(new byte[32]).ToBytes()], bytes =>
            {
                if (RecoverableSignature.TryDecode(bytes, out var signature) == SignatureFault.None)
                {
                    _ = Secp256k1PublicKey.TryRecover(new byte[32], signature!, out _);
                }
            }),
            new("public key", [Utf8(jwk), Utf8(Sealed.Recipient.Public.ToPem()), Utf8(Hex.Of(Sealed.Recipient.Public.Bytes.Span))], bytes => _ = KeyEncoding.TryParsePublic(Text(bytes), out _)),
            new("spki", [Sealed.Recipient.Public.ToSpki()], bytes => _ = KeyEncoding.TryImportSpki(bytes, out _)),
            new("private key", [Utf8(Sealed.Recipient.ToEncryptedPem(Passphrase, 1))], bytes => _ = KeyEncoding.TryParsePrivate(Text(bytes), Passphrase, out _)),
            new("keystore", [Utf8(Web3Keystore.Encrypt(identity, Passphrase, 2))], bytes => _ = Web3Keystore.TryDecrypt(Text(bytes), Passphrase, out _)),
            new("mnemonic", [Utf8("legal winner thank year wave sausage worth useful legal winner thank yellow")], bytes => _ = Mnemonic.TryDecode(Text(bytes), out _)),
            new("address", [Utf8(identity.Address.ToChecksumText())], bytes => _ = EthereumAddress.TryParse(Text(bytes), out _)),
            new("dsse", [Utf8(DsseEnvelope.Sign("t", "p"u8.ToArray(), signer).ToJson())], bytes => _ = DsseEnvelope.TryParse(Text(bytes))?.IsSignedBy(signer)),
        ];
    }

    private static void Try(Parser parser, byte[] input)
    {
        try
        {
            parser.Parse(input);
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"{parser.Name} threw on {Hex.Of(input)}", e);
        }
    }

    /// <summary>Flips, overwrites, cuts, repeats and inserts.</summary>
    private static byte[] Damage(byte[] sample, Random random)
    {
        var bytes = new List<byte>(sample);
        for (var edits = random.Next(1, 5); edits > 0 && bytes.Count > 0; edits--)
        {
            var at = random.Next(bytes.Count);
            switch (random.Next(6))
            {
                case 0:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 2:
                    bytes.RemoveRange(at, Math.Min(bytes.Count - at, random.Next(1, 9)));
                    break;
                case 3:
                    bytes.InsertRange(at, bytes.GetRange(at, Math.Min(bytes.Count - at, random.Next(1, 9))));
                    break;
                case 4:
                    bytes.Insert(at, new byte[] { 0x00, 0xFF, 0x5B, 0x9F, 0xBF, 0x7F, 0x80 }[random.Next(7)]);
                    break;
                default:
                    bytes.RemoveRange(at, random.Next(20) == 0 ? bytes.Count - at : 0);
                    break;
            }
        }

        return [.. bytes];
    }
}
