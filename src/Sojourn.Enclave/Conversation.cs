using Sojourn.Protocol.EnclaveChannel;
using Sojourn.Protocol.Transactions;

namespace Sojourn.Enclave;

/// <summary>One job's conversation, with every end that it can have told to the node by a closed reason, and nothing else.</summary>
internal static class Conversation
{
    /// <summary>The job was answered.</summary>
    public const int Answered = 0;

    /// <summary>The job was refused, by name.</summary>
    public const int Refused = 3;

    /// <summary>The node closed or broke the conversation.</summary>
    public const int Broken = 4;

    /// <summary>A fault of ours; its type alone was told.</summary>
    public const int Fault = 5;

    /// <summary>Holds the conversation.</summary>
    /// <param name="channel">The node's byte stream.</param>
    /// <returns>The process's exit code.</returns>
    public static int Hold(SyncChannel channel)
    {
        try
        {
            new Session(channel).Run();
            return Answered;
        }
        catch (EnclaveException e)
        {
            return Tell(channel, new EnclaveRefusal(e.Reason, e.Message), Refused);
        }
        catch (ChannelException e) when (e.Fault != ChannelFault.Closed)
        {
            // What came was no message that may come now; the fault's name tells nothing that the node did not send itself.
            return Tell(channel, new EnclaveRefusal(FailReason.Enclave, $"the node broke the conversation ({e.Fault})"), Broken);
        }
        catch (IOException)
        {
            // Nobody is left to tell.
            return Broken;
        }
#pragma warning disable CA1031 // Whatever else happens must not print content: the type's name alone leaves.
        catch (Exception e)
#pragma warning restore CA1031
        {
            return Tell(channel, new EnclaveRefusal(FailReason.Enclave, $"an unexpected {e.GetType().Name}"), Fault);
        }
    }

    private static int Tell(SyncChannel channel, EnclaveRefusal refusal, int exit)
    {
        try
        {
            channel.Send(MessageType.Refused, refusal.Encode());
        }
        catch (IOException)
        {
            // The node is gone.
        }

        return exit;
    }
}
