using System.Formats.Asn1;
using System.Text;

namespace Sojourn.Attestation.X509;

/// <summary>Names in words. Names are compared by their raw encoding, never by these words.</summary>
internal static class DistinguishedName
{
    /// <summary>The common name, else the whole name's values; control characters are replaced.</summary>
    public static string Words(ReadOnlyMemory<byte> name)
    {
        var values = new List<string>();
        string? common = null;
        try
        {
            // BER, and no order demanded in a SET: real vendor certificates (Nuvoton's root 2110) break DER there.
            var rdns = new AsnReader(name, AsnEncodingRules.BER).ReadSequence();
            while (rdns.HasData && values.Count < 16)
            {
                var set = rdns.ReadSetOf(skipSortOrderValidation: true);
                while (set.HasData && values.Count < 16)
                {
                    var pair = set.ReadSequence();
                    var oid = pair.ReadObjectIdentifier();
                    var text = Text(pair);
                    values.Add(text);
                    if (oid == "2.5.4.3")
                    {
                        common = text;
                    }
                }
            }
        }
        catch (AsnContentException)
        {
            return "(unreadable name)";
        }

        return common ?? string.Join(", ", values);
    }

    private static string Text(AsnReader pair)
    {
        var tag = pair.PeekTag();
        var raw = pair.ReadEncodedValue();
        try
        {
            var text = tag.HasSameClassAndValue(new Asn1Tag(UniversalTagNumber.UTF8String)) ? AsnDecoder.ReadCharacterString(raw.Span, AsnEncodingRules.BER, UniversalTagNumber.UTF8String, out _)
                : tag.HasSameClassAndValue(new Asn1Tag(UniversalTagNumber.PrintableString)) ? AsnDecoder.ReadCharacterString(raw.Span, AsnEncodingRules.BER, UniversalTagNumber.PrintableString, out _)
                : tag.HasSameClassAndValue(new Asn1Tag(UniversalTagNumber.IA5String)) ? AsnDecoder.ReadCharacterString(raw.Span, AsnEncodingRules.BER, UniversalTagNumber.IA5String, out _)
                : "?";
            return Clean(text);
        }
        catch (AsnContentException)
        {
            return "?";
        }
    }

    private static string Clean(string text)
    {
        var clean = new StringBuilder(Math.Min(text.Length, 128));
        foreach (var c in text)
        {
            if (clean.Length == 128)
            {
                break;
            }

            clean.Append(char.IsControl(c) ? '?' : c);
        }

        return clean.ToString();
    }
}
