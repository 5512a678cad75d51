using Sojourn.Enclave.Isolation;
using Sojourn.Enclave.Running;
using Sojourn.Protocol.EnclaveChannel;
using Sojourn.Protocol.Transactions;

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
        channel.Send(MessageType.Ready, new EnclaveReady(isolation, GuestEngine.Name).Encode());
        try
        {
            new Session(channel).Run();
            return 0;
        }
        catch (EnclaveException e)
        {
            channel.Send(MessageType.Refused, new EnclaveRefusal(e.Reason, e.Message).Encode());
            return 3;
        }
        catch (ChannelException)
        {
            // The node closed or broke the conversation: nobody is left to tell, and nothing may be told.
            return 4;
        }
#pragma warning disable CA1031 // Whatever else happens must not print content: the type's name alone leaves.
        catch (Exception e)
#pragma warning restore CA1031
        {
            channel.Send(MessageType.Refused, new EnclaveRefusal(FailReason.Enclave, $"an unexpected {e.GetType().Name}").Encode());
            return 5;
        }
    }
}
