using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using Sojourn.Primitives.Cose;

namespace Sojourn.Attestation.References;

/// <summary>Reference sets signed by who vouches for them: COSE_Sign1 (ES256) over the reference part of a policy's text.</summary>
public static class SignedReferences
{
    private const string ContentType = "application/vnd.sojourn.references+json";

    /// <summary>Signs.</summary>
    /// <param name="sets">The sets.</param>
    /// <param name="knownFiles">File digests that an IMA list may hold.</param>
    /// <param name="key">The endorser's P-256 key.</param>
    public static byte[] Sign(ImmutableArray<ReferenceSet> sets, ImmutableHashSet<string> knownFiles, ECDsa key) =>
        CoseSign1.Sign(key, CoseAlgorithm.ES256, new AppraisalPolicy { ReferenceValues = sets, KnownFiles = knownFiles }.ToJson(), CoseMap.Empty.With(CoseHeader.ContentType, ContentType)).Encode();

    /// <summary>Adds what an endorser signed to a policy; null where the signature is not by its key, or the content is something else.</summary>
    /// <param name="policy">The policy.</param>
    /// <param name="message">The signed sets.</param>
    /// <param name="endorserKey">The endorser's SubjectPublicKeyInfo.</param>
    /// <param name="endorser">The endorser's name, written into every set.</param>
    public static AppraisalPolicy? Apply(AppraisalPolicy policy, ReadOnlySpan<byte> message, ReadOnlySpan<byte> endorserKey, string endorser)
    {
        if (CoseSign1.TryDecode(message, out var signed) != CoseFault.None || signed?.Payload is not { } payload || signed.AlgorithmNumber != (long)CoseAlgorithm.ES256
            || signed.ProtectedHeaders.GetText(CoseHeader.ContentType) != ContentType)
        {
            return null;
        }

        using var key = ECDsa.Create();
        try
        {
            key.ImportSubjectPublicKeyInfo(endorserKey, out _);
        }
        catch (CryptographicException)
        {
            return null;
        }

        // Only reference values are taken over: an endorser cannot loosen a policy.
        return signed.Verify(key) == CoseFault.None && AppraisalPolicy.TryParse(payload, out var read, out _)
            ? policy with
            {
                ReferenceValues = policy.ReferenceValues.AddRange(read!.ReferenceValues.Select(set => set with { Endorser = endorser })),
                KnownFiles = policy.KnownFiles.Union(read.KnownFiles),
            }
            : null;
    }
}
