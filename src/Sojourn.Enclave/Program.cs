using Sojourn.Enclave.Isolation;
using Sojourn.Enclave.Running;
using Sojourn.Protocol.EnclaveChannel;

namespace Sojourn.Enclave;

/// <summary>The entry point of the measured process: shut in first, then one job, then the end.</summary>
internal static class Program
{
    private static int Main()
    {
        if (EnvironmentGate.Refusal(Environment.GetEnvironmentVariables()) is { } refusal)
        {
            Console.Error.WriteLine($"sojourn-enclave: {refusal}");
            return 2;
        }

        // Opened before the filter: afterwards nothing can be opened for writing.
        using var input = Console.OpenStandardInput();
        using var output = new BufferedStream(Console.OpenStandardOutput(), 64 << 10);
        var channel = new SyncChannel(input, output);
        var isolation = Hardening.Apply();
        Rehearsal.Play();
        channel.Send(MessageType.Ready, new EnclaveReady(isolation, GuestEngine.Name).Encode());
        return Conversation.Hold(channel);
    }
}
