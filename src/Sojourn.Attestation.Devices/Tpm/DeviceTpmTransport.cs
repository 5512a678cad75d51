using Microsoft.Win32.SafeHandles;

namespace Sojourn.Attestation.Devices.Tpm;

/// <summary>A TPM behind a Linux character device. <c>/dev/tpmrm0</c> has the kernel's resource manager, so that nobody else's objects are in the way.</summary>
internal sealed class DeviceTpmTransport(string path) : ITpmTransport
{
    private SafeFileHandle? handle;

    public string Name => path;

    public async ValueTask<byte[]> ExchangeAsync(ReadOnlyMemory<byte> command, CancellationToken cancellation)
    {
        var bytes = command.ToArray();
        // The device knows no asynchronous reads; a thread of the pool waits, and is left behind where the device hangs.
        return await Task.Run(() => Exchange(bytes), CancellationToken.None).WaitAsync(cancellation).ConfigureAwait(false);
    }

    public ValueTask DisposeAsync()
    {
        handle?.Dispose();
        handle = null;
        return ValueTask.CompletedTask;
    }

    private byte[] Exchange(byte[] command)
    {
        SafeFileHandle open;
        try
        {
            open = handle ??= File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new TpmException(TpmFailure.Unreachable, $"The TPM device {path} cannot be opened ({e.Message}). Does the machine have one, and is this user in the group tss?", inner: e);
        }

        try
        {
            RandomAccess.Write(open, command, 0);
            var answer = new byte[StreamTpmTransport.AnswerBytesMax];
            var length = RandomAccess.Read(open, answer, 0);
            return answer[..length];
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            throw new TpmException(TpmFailure.Disconnected, $"The TPM device {path} failed ({e.Message}).", inner: e);
        }
    }
}
