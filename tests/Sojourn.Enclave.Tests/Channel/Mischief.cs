using Sojourn.Enclave.Tests.Harness;
using Sojourn.Protocol.EnclaveChannel;

namespace Sojourn.Enclave.Tests.Channel;

/// <summary>What a host can do with one message of the conversation, drawn from a seed.</summary>
internal sealed class Mischief(Random random, int target, IReadOnlyList<(MessageType Type, byte[] Payload)> earlier)
{
    private byte[]? _held;

    /// <summary>What was done, for the message of a failure.</summary>
    public string Name { get; private set; } = "nothing";

    public IEnumerable<byte[]>? Apply(int number, MessageType type, byte[] payload)
    {
        var honest = Host.Encode(type, payload);
        if (_held is { } held)
        {
            _held = null;
            return [honest, held];
        }

        if (number != target)
        {
            return [honest];
        }

        var any = earlier[random.Next(earlier.Count)];
        switch (random.Next(17))
        {
            case 0: return Done("one bit changed", Host.Encode(type, Flip(payload, 1)));
            case 1: return Done("some bits changed", Host.Encode(type, Flip(payload, 1 + random.Next(32))));
            case 2: return Done("cut short", Host.Encode(type, payload.AsSpan(0, random.Next(payload.Length + 1))));
            case 3: return Done("longer than it should be", Host.Encode(type, [.. payload, .. Bytes(1 + random.Next(64))]));
            case 4: return Done("random bytes", Host.Encode(type, Bytes(random.Next(256))));
            case 5: return Done("another type", Host.Encode((MessageType)random.Next(256), payload));
            case 6: return Done("a replayed message", Host.Encode(any.Type, any.Payload));
            case 7: return Done("another message's bytes", Host.Encode(type, any.Payload));
            case 8: return Done("said twice", honest, honest);
            case 9: return Done("an earlier message first", Host.Encode(any.Type, any.Payload), honest);
            case 10:
                _held = honest;
                Name = "after the next one";
                return [];
            case 11: return Done("left out");
            case 12:
                Name = "the stream ends in the middle";
                return random.Next(2) == 0 ? null : [honest.AsSpan(0, random.Next(honest.Length)).ToArray()];
            case 13: return Done("a length beyond every limit", [0xff, 0xff, 0xff, 0xff, (byte)type]);
            case 14: return Done("a length just beyond the limit", [.. BitConverter.GetBytes(FrameLimits.Of(type) + 1), (byte)type]);
            case 15: return Done("the largest message there can be", Host.Encode(type, Bytes(FrameLimits.Of(type))));
            default: return Done("another payload after a true header", [.. honest.AsSpan(0, FrameLimits.HeaderLength), .. Bytes(payload.Length)]);
        }
    }

    private IEnumerable<byte[]> Done(string name, params byte[][] frames)
    {
        Name = name;
        return frames;
    }

    private byte[] Flip(byte[] payload, int times)
    {
        var changed = (byte[])payload.Clone();
        for (var i = 0; i < times && changed.Length > 0; i++)
        {
            changed[random.Next(changed.Length)] ^= (byte)(1 << random.Next(8));
        }

        return changed;
    }

    private byte[] Bytes(int length)
    {
        var bytes = new byte[length];
        random.NextBytes(bytes);
        return bytes;
    }
}
