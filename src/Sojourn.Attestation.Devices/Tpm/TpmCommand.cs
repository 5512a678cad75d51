using System.Buffers.Binary;

namespace Sojourn.Attestation.Devices.Tpm;

/// <summary>Builds a command (TPM 2.0 Library, part 1, 18): header, handles, authorizations, parameters.</summary>
internal sealed class TpmCommand(uint code)
{
    private const ushort NoSessions = 0x8001;
    private const ushort Sessions = 0x8002;
    private const uint PasswordSession = 0x40000009;
    private readonly List<byte> handles = [];
    private readonly List<byte> authorizations = [];
    private readonly List<byte> parameters = [];

    public bool HasSessions => authorizations.Count > 0;

    public TpmCommand Handle(uint handle)
    {
        Append(handles, handle);
        return this;
    }

    public TpmCommand Password(ReadOnlySpan<byte> password = default)
    {
        Append(authorizations, PasswordSession);
        authorizations.AddRange([0, 0, 0, (byte)(password.Length >> 8), (byte)password.Length]);
        authorizations.AddRange(password);
        return this;
    }

    public TpmCommand PolicySession(uint session)
    {
        Append(authorizations, session);
        authorizations.AddRange([0, 0, 1, 0, 0]);
        return this;
    }

    public TpmCommand U8(byte value)
    {
        parameters.Add(value);
        return this;
    }

    public TpmCommand U16(ushort value)
    {
        parameters.AddRange([(byte)(value >> 8), (byte)value]);
        return this;
    }

    public TpmCommand U32(uint value)
    {
        Append(parameters, value);
        return this;
    }

    public TpmCommand Bytes(ReadOnlySpan<byte> bytes)
    {
        parameters.AddRange(bytes);
        return this;
    }

    public TpmCommand Sized(ReadOnlySpan<byte> bytes) => U16((ushort)bytes.Length).Bytes(bytes);

    public byte[] Build()
    {
        var all = new List<byte>(64);
        all.AddRange(HasSessions ? [(byte)(Sessions >> 8), Sessions & 0xFF] : [(byte)(NoSessions >> 8), NoSessions & 0xFF]);
        var length = 10 + handles.Count + (HasSessions ? 4 + authorizations.Count : 0) + parameters.Count;
        Append(all, (uint)length);
        Append(all, code);
        all.AddRange(handles);
        if (HasSessions)
        {
            Append(all, (uint)authorizations.Count);
            all.AddRange(authorizations);
        }

        all.AddRange(parameters);
        return [.. all];
    }

    private static void Append(List<byte> list, uint value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        list.AddRange(bytes);
    }
}
