namespace Sojourn.Attestation.Devices;

/// <summary>A device that makes evidence, or a service that serves collateral, failed.</summary>
public class AttestationDeviceException : Exception
{
    /// <summary>Names what failed.</summary>
    /// <param name="message">What happened, at which device, and what to do.</param>
    /// <param name="inner">The cause, where there is one.</param>
    public AttestationDeviceException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}
