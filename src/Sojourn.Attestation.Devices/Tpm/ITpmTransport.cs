namespace Sojourn.Attestation.Devices.Tpm;

/// <summary>Port: carries one command to a TPM and one answer back. Not for use from two threads at once.</summary>
public interface ITpmTransport : IAsyncDisposable
{
    /// <summary>The device's name for messages.</summary>
    string Name { get; }

    /// <summary>Sends a command and waits for its answer.</summary>
    /// <param name="command">A whole TPM command with its header.</param>
    /// <param name="cancellation">Ends the wait; the transport is of no use afterwards.</param>
    /// <returns>The whole answer with its header.</returns>
    /// <exception cref="TpmException">The TPM is unreachable, went away, or its answer is malformed.</exception>
    ValueTask<byte[]> ExchangeAsync(ReadOnlyMemory<byte> command, CancellationToken cancellation);
}
