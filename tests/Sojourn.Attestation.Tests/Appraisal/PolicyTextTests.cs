using System.Text;
using Sojourn.Attestation.SevSnp;

namespace Sojourn.Attestation.Tests.Appraisal;

public sealed class PolicyTextTests
{
    [Fact]
    public void EveryMemberComesBack()
    {
        var policy = new AppraisalPolicy { SnpPlatformRequired = [SnpPlatformFeature.EccEnabled], SnpPlatformForbidden = [SnpPlatformFeature.SmtEnabled, SnpPlatformFeature.TsmeEnabled], TcbStatuses = [TcbStatus.UpToDate] };
        Assert.True(AppraisalPolicy.TryParse(policy.ToJson(indented: true), out var read, out _));
        Assert.Equal(policy.ToJson(), read!.ToJson());
        Assert.True(AppraisalPolicy.TryParse("{}"u8.ToArray(), out var strict, out _));
        Assert.Equal(new AppraisalPolicy().Digest(), strict!.Digest());
        Assert.NotEqual(policy.Digest(), strict.Digest());
    }

    /// <summary>A list of names in one text, or a number, would otherwise become a status that nobody wrote: 1 and 2 together are 3.</summary>
    [Theory]
    [InlineData("tcbStatuses", "[\"UpToDate,SWHardeningNeeded\"]")]
    [InlineData("tcbStatuses", "[\"3\"]")]
    [InlineData("tcbStatuses", "[\"-1\"]")]
    [InlineData("tcbStatuses", "[\" UpToDate\"]")]
    [InlineData("tcbStatuses", "[null]")]
    [InlineData("tcbStatuses", "\"UpToDate\"")]
    [InlineData("kinds", "[\"Tdx, SevSnp\"]")]
    [InlineData("minimumCustody", "\"+2\"")]
    [InlineData("snpPlatformRequired", "[\"5\"]")]
    [InlineData("snpPlatformForbidden", "[\"Smt\"]")]
    [InlineData("minimumLevel", "\"TEE\"")]
    [InlineData("ageMaximumSeconds", "1e30")]
    [InlineData("requiredPcrs", "[24]")]
    [InlineData("allowDebug", "\"true\"")]
    [InlineData("allowdebug", "true")]
    public void WhatIsNotAValueIsRefusedByTheMembersName(string member, string value)
    {
        Assert.False(AppraisalPolicy.TryParse(Encoding.UTF8.GetBytes($"{{\"{member}\":{value}}}"), out var policy, out var problem));
        Assert.Null(policy);
        Assert.Contains($"\"{member}\"", problem, StringComparison.Ordinal);
    }
}
