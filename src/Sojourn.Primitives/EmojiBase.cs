using System.Collections.Frozen;
using System.Text;

namespace Sojourn.Primitives;

/// <summary>One emoji a byte.</summary>
/// <remarks>multiformats/multibase rfcs/Base256Emoji.md; the order of the 256 code points is the specification's.</remarks>
internal sealed class EmojiBase : BaseCodec
{
    private const string Alphabet =
        "🚀🪐☄🛰🌌🌑🌒🌓🌔🌕🌖🌗🌘🌍🌏🌎🐉☀💻🖥💾💿😂❤😍🤣😊🙏💕😭😘👍😅👏😁🔥🥰💔💖💙😢🤔😆🙄💪😉☺👌🤗💜😔😎😇🌹🤦🎉💞✌✨🤷😱😌🌸🙌😋💗💚😏💛🙂💓🤩😄😀🖤😃💯🙈👇🎶😒🤭❣😜💋👀😪😑💥🙋😞😩😡🤪👊🥳😥🤤👉💃😳✋😚😝😴🌟😬🙃🍀🌷😻😓⭐✅🥺🌈😈🤘💦✔😣🏃💐☹🎊💘😠☝😕🌺🎂🌻😐🖕💝🙊😹🗣💫💀👑🎵🤞😛🔴😤🌼😫⚽🤙☕🏆🤫👈😮🙆🍻🍃🐶💁😲🌿🧡🎁⚡🌞🎈❌✊👋😰🤨😶🤝🚶💰🍓💢🤟🙁🚨💨🤬✈🎀🍺🤓😙💟🌱😖👶🥴▶➡❓💎💸⬇😨🌚🦋😷🕺⚠🙅😟😵👎🤲🤠🤧📌🔵💅🧐🐾🍒😗🤑🌊🤯🐷☎💧😯💆👆🎤🙇🍑❄🌴💣🐸💌📍🥀🤢👅💡💩👐📸👻🤐🤮🎼🥵🚩🍎🍊👼💍📣🥂";

    private static readonly Rune[] Runes = Alphabet.EnumerateRunes().ToArray();

    private static readonly FrozenDictionary<Rune, byte> Values =
        Runes.Select((rune, index) => (rune, index)).ToFrozenDictionary(pair => pair.rune, pair => (byte)pair.index);

    public override string Encode(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder(bytes.Length * 2);
        foreach (var b in bytes)
        {
            text.Append(Runes[b].ToString());
        }

        return text.ToString();
    }

    public override byte[]? Decode(ReadOnlySpan<char> text)
    {
        var result = new List<byte>(text.Length / 2 + 1);
        foreach (var rune in text.EnumerateRunes())
        {
            if (!Values.TryGetValue(rune, out var value))
            {
                return null;
            }

            result.Add(value);
        }

        return result.ToArray();
    }
}
