using System.Security.Cryptography;
using System.Text;
using Sojourn.Cryptography.Dsse;
using Xunit;

namespace Sojourn.Cryptography.Tests.Dsse;

public sealed class DsseTests
{
    /// <summary>The example of the DSSE protocol text.</summary>
    [Fact]
    public void The_encoding_is_the_specifications() =>
        Assert.Equal("DSSEv1 29 http://example.com/HelloWorld 11 hello world", Encoding.UTF8.GetString(DsseEnvelope.PreAuthenticationEncoding("http://example.com/HelloWorld", "hello world"u8)));

    [Fact]
    public void Envelopes_survive_and_changes_are_noticed()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var envelope = DsseEnvelope.Sign("application/vnd.in-toto+json", "{}"u8.ToArray(), key, "k");
        var read = DsseEnvelope.TryParse(envelope.ToJson())!;
        Assert.True(read.IsSignedBy(key));
        Assert.False(read.IsSignedBy(other));
        Assert.False((read with { PayloadType = "text/plain" }).IsSignedBy(key));
        Assert.False((read with { Payload = "[]"u8.ToArray() }).IsSignedBy(key));
        Assert.Null(DsseEnvelope.TryParse("{}"));
        Assert.Null(DsseEnvelope.TryParse("[]"));
        Assert.Null(DsseEnvelope.TryParse("""{"payload":"e30=","payloadType":"x","signatures":[]}"""));
        Assert.Null(DsseEnvelope.TryParse("""{"payload":"***","payloadType":"x","signatures":[{"sig":"AA=="}]}"""));
    }
}
