using Sojourn.Cryptography.HybridEncryption;
using Sojourn.Cryptography.Secrets;
using Sojourn.Enclave.Jobs;
using Sojourn.Primitives;
using Sojourn.Protocol.EnclaveChannel;
using Sojourn.Protocol.Releases;
using Sojourn.Protocol.Transactions;

namespace Sojourn.Enclave;

/// <summary>The content keys that keepers released to this enclave for this job.</summary>
internal sealed class ReleasedKeys : IDisposable
{
    private readonly Dictionary<Cid, SecretKey> _keys = [];

    private ReleasedKeys()
    {
    }

    /// <summary>All of them, in the order of the job's contents.</summary>
    public IEnumerable<SecretKey> All => _keys.Values;

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

            var wrapped = releases.Keys.FirstOrDefault(key => key.Content == content.Content)
                ?? throw opened.Refuse(FailReason.KeyMissing, $"no key was released for {content.Content}");
            var info = KeyWrap.Info(job.Id, releases.Admission, header.Policy!, content.Content);
            if (KeyWrap.Open(enclave, info, wrapped.WrappedKey.Span, out var key) != HpkeFault.None)
            {
                throw opened.Refuse(FailReason.KeyMissing, $"what was released for {content.Content} was not made for this job, admission, policy and enclave");
            }

            opened._keys[content.Content] = key!;
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

    private EnclaveException Refuse(FailReason reason, string words)
    {
        Dispose();
        return new EnclaveException(reason, words);
    }
}
