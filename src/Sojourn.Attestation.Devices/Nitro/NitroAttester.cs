using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Sojourn.Primitives.Cbor;

namespace Sojourn.Attestation.Devices.Nitro;

/// <summary>Port: one request to the Nitro security module, and its answer, both CBOR.</summary>
public interface INsmDevice
{
    /// <summary>Asks.</summary>
    /// <param name="request">The request.</param>
    /// <returns>The answer.</returns>
    /// <exception cref="AttestationDeviceException">The device failed.</exception>
    byte[] Exchange(ReadOnlySpan<byte> request);
}

/// <summary>Makes Nitro evidence: the report data goes into the document's user data.</summary>
/// <param name="device">The security module.</param>
public sealed class NitroAttester(INsmDevice device) : IAttester
{
    /// <inheritdoc/>
    public EvidenceKind Kind => EvidenceKind.Nitro;

    /// <inheritdoc/>
    /// <exception cref="AttestationDeviceException">The device failed or refused.</exception>
    public ValueTask<Evidence> AttestAsync(ReportData reportData, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var answer = device.Exchange(Request(reportData.Bytes));
        return ValueTask.FromResult(new Evidence(EvidenceKind.Nitro, Document(answer)).WithBindingOf(reportData));
    }

    /// <summary>The request <c>Attestation</c> of the NSM interface.</summary>
    internal static byte[] Request(ReadOnlySpan<byte> userData) => new CborWriter()
        .BeginMap().WriteKey("Attestation").BeginMap()
        .WriteKey("nonce").WriteNull()
        .WriteKey("user_data").WriteBytes(userData)
        .WriteKey("public_key").WriteNull()
        .EndMap().EndMap().ToArray();

    private static byte[] Document(byte[] answer)
    {
        try
        {
            var reader = new CborReader(answer, CborProfile.Lenient, 8);
            reader.ReadMapHeaderExactly(1);
            var name = reader.ReadText(32);
            if (name == "Error")
            {
                throw new AttestationDeviceException($"The Nitro security module refused: {reader.ReadText(64)}.");
            }

            if (name != "Attestation")
            {
                throw new AttestationDeviceException("The Nitro security module answered something else than was asked.");
            }

            reader.ReadMapHeaderExactly(1);
            reader.ReadKey("document");
            var document = reader.ReadBytes(64 * 1024).ToArray();
            reader.ReadEnd();
            return document;
        }
        catch (CborException e)
        {
            throw new AttestationDeviceException("The Nitro security module gave an answer that cannot be read.", e);
        }
    }
}

/// <summary>The device file <c>/dev/nsm</c>: one ioctl with a request and a buffer for the answer.</summary>
public sealed partial class NsmDevice : INsmDevice, IDisposable
{
    private const int AnswerBytesMax = 0x3000;

    /// <summary>_IOWR(0x0A, 0, struct nsm_message) with two iovecs of 16 bytes each.</summary>
    private const nuint MessageRequest = 0xC0200A00;

    private readonly SafeFileHandle handle;

    /// <summary>Opens the device.</summary>
    /// <param name="path">Where it is.</param>
    /// <exception cref="AttestationDeviceException">It cannot be opened.</exception>
    public NsmDevice(string path = "/dev/nsm")
    {
        try
        {
            handle = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AttestationDeviceException($"The Nitro security module at {path} cannot be opened ({e.Message}). Is this the inside of a Nitro enclave?", e);
        }
    }

    /// <inheritdoc/>
    public unsafe byte[] Exchange(ReadOnlySpan<byte> request)
    {
        var answer = new byte[AnswerBytesMax];
        fixed (byte* from = request)
        fixed (byte* to = answer)
        {
            // Both buffers stay pinned until the call returns; the kernel writes the answer's length into the second iovec.
            var message = stackalloc nuint[4];
            message[0] = (nuint)from;
            message[1] = (nuint)request.Length;
            message[2] = (nuint)to;
            message[3] = AnswerBytesMax;
            if (Ioctl(handle, MessageRequest, message) != 0)
            {
                throw new AttestationDeviceException($"The Nitro security module failed (error {Marshal.GetLastPInvokeError()}).");
            }

            return message[3] <= AnswerBytesMax ? answer[..(int)message[3]] : throw new AttestationDeviceException("The Nitro security module gave an answer that is too long.");
        }
    }

    /// <summary>Closes the device.</summary>
    public void Dispose() => handle.Dispose();

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static unsafe partial int Ioctl(SafeFileHandle handle, nuint request, nuint* message);
}
