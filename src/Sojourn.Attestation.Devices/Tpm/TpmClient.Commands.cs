using System.Collections.Immutable;
using Sojourn.Attestation.Tpm;

namespace Sojourn.Attestation.Devices.Tpm;

/// <content>The commands.</content>
internal sealed partial class TpmClient
{
    private const int NvChunk = 512;
    private const int NvBytesMax = 16 * 1024;

    public async ValueTask<byte[]> GetRandomAsync(int length, CancellationToken cancellation)
    {
        var answer = await SendAsync(new TpmCommand(0x17B).U16((ushort)length), false, cancellation).ConfigureAwait(false);
        return Read(answer, static (ref TpmReader r) => r.Sized().ToArray());
    }

    /// <summary>TPM2_GetCapability of handles that are loaded: transient objects are 80000000h on.</summary>
    public async ValueTask<ImmutableArray<uint>> HandlesAsync(uint first, CancellationToken cancellation)
    {
        var answer = await SendAsync(new TpmCommand(0x17A).U32(1).U32(first).U32(64), false, cancellation).ConfigureAwait(false);
        return Read(answer, static (ref TpmReader r) =>
        {
            r.U8();
            r.U32();
            var count = r.U32();
            var handles = ImmutableArray.CreateBuilder<uint>();
            for (var i = 0; i < count && !r.Failed; i++)
            {
                handles.Add(r.U32());
            }

            return handles.ToImmutable();
        });
    }

    /// <summary>All selected registers, in the order of a quote. The TPM gives at most eight at a time.</summary>
    public async ValueTask<byte[]> ReadPcrsAsync(PcrSelection selection, CancellationToken cancellation)
    {
        var length = TpmAlg.DigestLength(selection.Bank);
        var values = new SortedDictionary<int, byte[]>();
        var wanted = selection.Registers;
        for (var round = 0; values.Count < wanted.Length; round++)
        {
            var missing = wanted.Where(register => !values.ContainsKey(register)).ToImmutableArray();
            var answer = await SendAsync(new TpmCommand(0x17E).Bytes(TpmPolicy.Encode([new PcrSelection(selection.Bank, missing)])), false, cancellation).ConfigureAwait(false);
            var (given, digests) = Read(answer, static (ref TpmReader r) =>
            {
                r.U32();
                var read = ImmutableArray.CreateBuilder<PcrSelection>();
                TpmAttest.ReadSelection(ref r, read);
                var count = r.U32();
                var list = new List<byte[]>();
                for (var i = 0; i < count && i < 8 && !r.Failed; i++)
                {
                    list.Add(r.Sized().ToArray());
                }

                return (read.ToImmutable(), list);
            });
            var registers = given.Where(g => g.Bank == selection.Bank).SelectMany(g => g.Registers).ToList();
            if (registers.Count == 0)
            {
                throw new TpmException(TpmFailure.Missing, $"The TPM at {Name} has no {TpmAlg.Name(selection.Bank)} bank, or not the register {missing[0]} in it.");
            }

            if (registers.Count != digests.Count || registers.Except(missing).Any() || digests.Exists(d => d.Length != length) || round > 32)
            {
                throw Lie("it gave other registers than it was asked for");
            }

            for (var i = 0; i < registers.Count; i++)
            {
                values[registers[i]] = digests[i];
            }
        }

        return [.. wanted.SelectMany(register => values[register])];
    }

    public async ValueTask ExtendPcrAsync(int register, ushort bank, ReadOnlyMemory<byte> digest, CancellationToken cancellation) =>
        await SendAsync(new TpmCommand(0x182).Handle((uint)register).Password().U32(1).U16(bank).Bytes(digest.Span), false, cancellation).ConfigureAwait(false);

    /// <summary>The content of an NV index; null where the index does not exist.</summary>
    public async ValueTask<byte[]?> ReadNvAsync(uint index, CancellationToken cancellation)
    {
        int size;
        try
        {
            var answer = await SendAsync(new TpmCommand(0x169).Handle(index), false, cancellation).ConfigureAwait(false);
            size = Read(answer, static (ref TpmReader r) =>
            {
                var area = new TpmReader(r.Sized());
                r.Sized();
                area.U32();
                area.U16();
                area.U32();
                area.Sized();
                var length = area.U16();
                return area.Done ? length : -1;
            });
        }
        catch (TpmException e) when (e.Failure == TpmFailure.ErrorCode && (e.Code & 0xFF) == 0x8B)
        {
            return null;
        }

        if (size is < 0 or > NvBytesMax)
        {
            throw Short();
        }

        var content = new byte[size];
        for (var at = 0; at < size;)
        {
            var take = Math.Min(NvChunk, size - at);
            var command = new TpmCommand(0x14E).Handle(OwnerHierarchy).Handle(index).Password().U16((ushort)take).U16((ushort)at);
            var part = Read(await SendAsync(command, false, cancellation).ConfigureAwait(false), static (ref TpmReader r) => r.Sized().ToArray());
            if (part.Length != take)
            {
                throw Short();
            }

            part.CopyTo(content, at);
            at += take;
        }

        return content;
    }

    public async ValueTask<TpmObject> CreatePrimaryAsync(uint hierarchy, byte[] template, CancellationToken cancellation)
    {
        var command = new TpmCommand(0x131).Handle(hierarchy).Password().Sized([0, 0, 0, 0]).Sized(template).Sized([]).U32(0);
        var answer = await SendAsync(command, true, cancellation).ConfigureAwait(false);
        var made = new TpmObject(this, answer.Handle);
        try
        {
            var (area, name) = Read(answer, static (ref TpmReader r) =>
            {
                var read = r.Sized().ToArray();
                r.Sized();
                r.Sized();
                r.U16();
                r.U32();
                r.Sized();
                return (read, r.Sized().ToArray());
            });
            made.Public = TpmPublic.TryParse(area) ?? throw Short();
            // What identifies the key is computed here; a TPM whose word differs is not believed.
            if (!made.Public.Name.AsSpan().SequenceEqual(name))
            {
                throw Lie("the new key's name is not the digest of its public area");
            }

            return made;
        }
        catch
        {
            await made.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    public async ValueTask<(TpmPublic Area, byte[] Name)> ReadPublicAsync(uint handle, CancellationToken cancellation)
    {
        var answer = await SendAsync(new TpmCommand(0x173).Handle(handle), false, cancellation).ConfigureAwait(false);
        var (area, name) = Read(answer, static (ref TpmReader r) =>
        {
            var read = (r.Sized().ToArray(), r.Sized().ToArray());
            r.Sized();
            return read;
        });
        return (TpmPublic.TryParse(area) ?? throw Short(), name);
    }

    public async ValueTask FlushAsync(uint handle, CancellationToken cancellation) =>
        await SendAsync(new TpmCommand(0x165).U32(handle), false, cancellation).ConfigureAwait(false);

    /// <summary>TPM2_Quote: TPMS_ATTEST and TPMT_SIGNATURE.</summary>
    public async ValueTask<(byte[] Message, byte[] Signature)> QuoteAsync(uint key, ReadOnlyMemory<byte> qualifyingData, ImmutableArray<PcrSelection> selection, CancellationToken cancellation)
    {
        var command = new TpmCommand(0x158).Handle(key).Password().Sized(qualifyingData.Span).U16(TpmAlg.Null).Bytes(TpmPolicy.Encode(selection));
        return Attested(await SendAsync(command, false, cancellation).ConfigureAwait(false));
    }

    /// <summary>TPM2_Certify: one loaded key vouches for another.</summary>
    public async ValueTask<(byte[] Message, byte[] Signature)> CertifyAsync(uint subject, uint key, ReadOnlyMemory<byte> qualifyingData, uint? subjectPolicySession, CancellationToken cancellation)
    {
        var command = new TpmCommand(0x148).Handle(subject).Handle(key);
        command = subjectPolicySession is { } session ? command.PolicySession(session) : command.Password();
        command = command.Password().Sized(qualifyingData.Span).U16(TpmAlg.Null);
        return Attested(await SendAsync(command, false, cancellation).ConfigureAwait(false));
    }

    /// <summary>TPM2_MakeCredential, done by this TPM for another's endorsement key.</summary>
    public async ValueTask<(byte[] IdObject, byte[] EncryptedSecret)> MakeCredentialAsync(uint key, ReadOnlyMemory<byte> name, ReadOnlyMemory<byte> secret, CancellationToken cancellation)
    {
        var answer = await SendAsync(new TpmCommand(0x168).Handle(key).Sized(secret.Span).Sized(name.Span), false, cancellation).ConfigureAwait(false);
        return Read(answer, static (ref TpmReader r) => (TpmCredential.Sized(r.Sized()), TpmCredential.Sized(r.Sized())));
    }

    /// <summary>TPM2_ActivateCredential under the endorsement key's policy.</summary>
    public async ValueTask<byte[]> ActivateCredentialAsync(uint activated, uint endorsementKey, ReadOnlyMemory<byte> idObject, ReadOnlyMemory<byte> encryptedSecret, CancellationToken cancellation)
    {
        await using var session = await StartPolicySessionAsync(cancellation).ConfigureAwait(false);
        await SendAsync(new TpmCommand(0x151).Handle(EndorsementHierarchy).Handle(session.Handle).Password().Sized([]).Sized([]).Sized([]).U32(0), false, cancellation).ConfigureAwait(false);
        var command = new TpmCommand(0x147).Handle(activated).Handle(endorsementKey).Password().PolicySession(session.Handle).Bytes(idObject.Span).Bytes(encryptedSecret.Span);
        return Read(await SendAsync(command, false, cancellation).ConfigureAwait(false), static (ref TpmReader r) => r.Sized().ToArray());
    }

    public async ValueTask<TpmObject> StartPolicySessionAsync(CancellationToken cancellation)
    {
        var nonce = System.Security.Cryptography.RandomNumberGenerator.GetBytes(16);
        const uint None = 0x40000007;
        var command = new TpmCommand(0x176).Handle(None).Handle(None).Sized(nonce).Sized([]).U8(1).U16(TpmAlg.Null).U16(TpmAlg.Sha256);
        var answer = await SendAsync(command, true, cancellation).ConfigureAwait(false);
        return new TpmObject(this, answer.Handle);
    }

    public async ValueTask PolicyPcrAsync(uint session, ImmutableArray<PcrSelection> selection, CancellationToken cancellation) =>
        await SendAsync(new TpmCommand(0x17F).Handle(session).Sized([]).Bytes(TpmPolicy.Encode(selection)), false, cancellation).ConfigureAwait(false);

    public async ValueTask<byte[]> PolicyDigestAsync(uint session, CancellationToken cancellation) =>
        Read(await SendAsync(new TpmCommand(0x189).Handle(session), false, cancellation).ConfigureAwait(false), static (ref TpmReader r) => r.Sized().ToArray());

    /// <summary>TPM2_ECDH_ZGen: the shared point's x coordinate, while the key's policy holds.</summary>
    public async ValueTask<byte[]> EcdhAsync(uint key, uint policySession, ReadOnlyMemory<byte> x, ReadOnlyMemory<byte> y, CancellationToken cancellation)
    {
        var point = (byte[])[.. TpmCredential.Sized(x.Span), .. TpmCredential.Sized(y.Span)];
        var answer = await SendAsync(new TpmCommand(0x154).Handle(key).PolicySession(policySession).Sized(point), false, cancellation).ConfigureAwait(false);
        return Read(answer, static (ref TpmReader r) =>
        {
            var inner = new TpmReader(r.Sized());
            return inner.Sized().ToArray();
        });
    }

    private delegate T Reading<T>(ref TpmReader reader);

    private T Read<T>(TpmAnswer answer, Reading<T> reading)
    {
        var reader = new TpmReader(answer.Parameters.Span);
        var value = reading(ref reader);
        return reader.Done ? value : throw Short();
    }

    private (byte[] Message, byte[] Signature) Attested(TpmAnswer answer)
    {
        var reader = new TpmReader(answer.Parameters.Span);
        var message = reader.Sized().ToArray();
        if (reader.Failed || reader.Remaining == 0)
        {
            throw Short();
        }

        return (message, reader.Bytes(reader.Remaining).ToArray());
    }
}

/// <summary>Something loaded into the TPM. It has room for three objects, so each is flushed, also when the work was cancelled.</summary>
internal sealed class TpmObject(TpmClient client, uint handle) : IAsyncDisposable
{
    public uint Handle => handle;

    public TpmPublic Public { get; set; } = null!;

    public async ValueTask DisposeAsync()
    {
        try
        {
            await client.FlushAsync(handle, CancellationToken.None).ConfigureAwait(false);
        }
        catch (TpmException)
        {
            // A TPM that is gone holds nothing of ours; one that refuses said why at the command before.
        }
    }
}
