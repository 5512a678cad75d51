using System.Collections.Immutable;
using Sojourn.Cryptography.Custody;
using Sojourn.Cryptography.HybridEncryption;
using Sojourn.Cryptography.Secrets;
using Sojourn.Enclave.Jobs;
using Sojourn.Primitives;
using Sojourn.Protocol.EnclaveChannel;
using Sojourn.Protocol.Releases;
using Sojourn.Protocol.Transactions;

namespace Sojourn.Enclave;

/// <summary>The content keys that keepers released to this enclave for this job, whole or in custodians' shares.</summary>
internal sealed class ReleasedKeys : IDisposable
{
    private readonly Dictionary<Cid, SecretKey> _keys = [];
    private readonly List<string> _wrong = [];

    private ReleasedKeys()
    {
    }

    /// <summary>All of them, in the order of the job's contents.</summary>
    public IEnumerable<SecretKey> All => _keys.Values;

    /// <summary>Custodians whose shares were wrong, though enough good ones were there.</summary>
    public IReadOnlyList<string> WrongShares => _wrong;

    /// <summary>Opens the wrapped keys. Each is bound to the job, the admission, the policy and the content.</summary>
    /// <param name="job">The job.</param>
    /// <param name="releases">What the node passed on.</param>
    /// <param name="enclave">The enclave's private key.</param>
    public static ReleasedKeys Open(AssignedJob job, Releases releases, HpkePrivateKey enclave)
    {
        var opened = new ReleasedKeys();
        foreach (var content in job.Contents)
        {
            if (content.Header is not { } header || opened._keys.ContainsKey(content.Content))
            {
                continue;
            }

            var wrapped = releases.Keys.Select((key, i) => (key.Content, key.WrappedKey, Number: i + 1)).Where(key => key.Content == content.Content).Select(key => (Bytes: key.WrappedKey, key.Number)).ToList();
            if (wrapped.Count == 0)
            {
                throw opened.Refuse(FailReason.KeyMissing, $"no key was released for {content.Content}");
            }

            var info = KeyWrap.Info(job.Id, releases.Admission, header.Policy!, content.Content);
            foreach (var whole in wrapped.Where(candidate => !ShareRelease.IsShare(candidate.Bytes.Span)))
            {
                if (KeyWrap.Open(enclave, info, whole.Bytes.Span, out var key) == HpkeFault.None)
                {
                    opened._keys[content.Content] = key!;
                    break;
                }
            }

            if (!opened._keys.ContainsKey(content.Content))
            {
                opened._keys[content.Content] = wrapped.Exists(candidate => ShareRelease.IsShare(candidate.Bytes.Span))
                    ? opened.Combine(content, wrapped, info, enclave)
                    : throw opened.Refuse(FailReason.KeyMissing, $"what was released for {content.Content} was not made for this job, admission, policy and enclave");
            }
        }

        return opened;
    }

    /// <summary>The key of a content, or null where it is plain.</summary>
    /// <param name="content">The content.</param>
    public SecretKey? For(AssignedContent content) => _keys.GetValueOrDefault(content.Content);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var key in _keys.Values)
        {
            key.Dispose();
        }
    }

    // Each custodian brings the record of the set along, and may lie about it: shares are tried together with those that came with the same record, and only a key under
    // which the content's header is authentic is taken.
    private SecretKey Combine(AssignedContent content, IReadOnlyList<(ReadOnlyMemory<byte> Bytes, int Number)> wrapped, byte[] info, HpkePrivateKey enclave)
    {
        var shares = new List<(Digest Record, ShareSet Set, Share Share, string Name)>();
        var words = new List<string>();
        try
        {
            foreach (var (bytes, number) in wrapped.Where(candidate => ShareRelease.IsShare(candidate.Bytes.Span)))
            {
                if (ShareRelease.TryDecode(bytes.Span, out var release) != CustodyFault.None)
                {
                    words.Add($"release {number} is a share that is not in the form it should be");
                }
                else if (release!.Record.Policy != content.Header!.Policy)
                {
                    words.Add($"the share of {NameOf(release, number)} was given under another policy");
                }
                else if (release.Open(enclave, info, out var share) != HpkeFault.None)
                {
                    words.Add($"the share of {NameOf(release, number)} was not made for this job, admission and enclave");
                }
                else
                {
                    shares.Add((release.RecordDigest, release.Record, share!, NameOf(release, number)));
                }
            }

            SecretKey? found = null;
            foreach (var group in shares.GroupBy(entry => entry.Record).OrderByDescending(group => group.Count()))
            {
                var set = group.First().Set;
                var fault = set.TryCombine([.. group.Select(entry => entry.Share)], out var key, out ImmutableArray<string> wrong);
                // A name stands in a record that whoever released it brought along: the release's number says whose it was.
                var lied = group.Where(entry => wrong.Contains(entry.Set.Custodians[entry.Share.Index - 1].Name)).Select(entry => entry.Name).ToList();
                if (fault == CustodyFault.None && content.Header!.IsAuthentic(key!))
                {
                    found = key;
                    _wrong.AddRange(lied.Concat(shares.Where(entry => entry.Record != group.Key).Select(entry => entry.Name)));
                    break;
                }

                key?.Dispose();
                words.Add(fault switch
                {
                    CustodyFault.None or CustodyFault.WrongSecret => "the shares of one record give another key than the content's",
                    CustodyFault.WrongShare => $"wrong: the shares of {string.Join(", ", lied)}",
                    _ => $"{group.Count()} share(s) came, {set.Threshold} are needed",
                });
            }

            return found ?? throw Refuse(FailReason.KeyMissing, $"the key of {content.Content} could not be put together: {string.Join("; ", words)}");
        }
        finally
        {
            shares.ForEach(entry => entry.Share.Dispose());
        }
    }

    private static string NameOf(ShareRelease release, int number) => $"'{release.Record.Custodians[release.Index - 1].Name}' (release {number})";

    private EnclaveException Refuse(FailReason reason, string words)
    {
        Dispose();
        return new EnclaveException(reason, words.Length > 1000 ? words[..1000] : words);
    }
}
