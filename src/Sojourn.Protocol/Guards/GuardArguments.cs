using System.Buffers;
using System.Collections.Immutable;
using System.Text;

namespace Sojourn.Protocol.Guards;

/// <summary>A guard's arguments, inside the guard: a custom section, so that a policy that names the module's CID names its arguments too.</summary>
/// <remarks>WebAssembly core specification, custom sections: id 0, LEB128 size, name, bytes. The section is called <c>sojourn.arguments</c>; its bytes are the arguments in UTF-8, each ended by a zero byte.</remarks>
public static class GuardArguments
{
    private static ReadOnlySpan<byte> SectionName => "sojourn.arguments"u8;

    /// <summary>The module with arguments added at its end.</summary>
    /// <param name="module">A module without such a section.</param>
    /// <param name="arguments">The arguments; none may hold a zero byte.</param>
    public static byte[] Embed(ReadOnlySpan<byte> module, IReadOnlyList<string> arguments)
    {
        if (arguments.Any(argument => argument.Contains('\0')))
        {
            throw new ArgumentException("An argument holds a zero byte.", nameof(arguments));
        }

        var bytes = Encoding.UTF8.GetBytes(string.Concat(arguments.Select(argument => argument + '\0')));
        var section = new ArrayBufferWriter<byte>();
        section.Write<byte>([(byte)SectionName.Length]);
        section.Write(SectionName);
        section.Write(bytes);
        var output = new ArrayBufferWriter<byte>(module.Length + section.WrittenCount + 8);
        output.Write(module);
        output.Write<byte>([0]);
        var size = (uint)section.WrittenCount;
        do
        {
            output.Write<byte>([(byte)((size & 0x7f) | (size > 0x7f ? 0x80u : 0))]);
            size >>= 7;
        }
        while (size > 0);
        output.Write(section.WrittenSpan);
        return output.WrittenSpan.ToArray();
    }

    /// <summary>The arguments of a module; none where it has no such section.</summary>
    /// <param name="module">The module; sections that do not fit are for the decoder to refuse.</param>
    public static ImmutableArray<string> Read(ReadOnlySpan<byte> module)
    {
        var rest = module.Length > 8 ? module[8..] : default;
        while (rest.Length > 1)
        {
            var id = rest[0];
            rest = rest[1..];
            uint size = 0;
            for (var shift = 0; ; shift += 7)
            {
                if (rest.IsEmpty || shift > 28)
                {
                    return [];
                }

                size |= (uint)(rest[0] & 0x7f) << shift;
                var more = (rest[0] & 0x80) != 0;
                rest = rest[1..];
                if (!more)
                {
                    break;
                }
            }

            if (size > rest.Length)
            {
                return [];
            }

            var section = rest[..(int)size];
            rest = rest[(int)size..];
            if (id == 0 && section.Length > SectionName.Length && section[0] == SectionName.Length && section[1..].StartsWith(SectionName))
            {
                var text = Encoding.UTF8.GetString(section[(1 + SectionName.Length)..]);
                return [.. text.Split('\0')[..^1]];
            }
        }

        return [];
    }
}
