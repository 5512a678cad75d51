using System.Collections.Immutable;
using System.Formats.Asn1;
using Sojourn.Attestation.X509;

namespace Sojourn.Attestation.Dcap;

/// <summary>Intel's SGX extension of a PCK certificate (Intel SGX PCK Certificate and CRL Profile Specification, 1.3.5).</summary>
internal sealed record PckExtensions(ReadOnlyMemory<byte> Ppid, ImmutableArray<byte> Components, int PceSvn, ReadOnlyMemory<byte> CpuSvn, ReadOnlyMemory<byte> PceId, ReadOnlyMemory<byte> Fmspc, ReadOnlyMemory<byte> PlatformInstance)
{
    internal const string Arc = "1.2.840.113741.1.13.1";

    public static PckExtensions? TryRead(Certificate certificate)
    {
        if (!certificate.Extensions.TryGetValue(Arc, out var extension))
        {
            return null;
        }

        try
        {
            ReadOnlyMemory<byte> ppid = default, cpuSvn = default, pceId = default, fmspc = default, instance = default;
            var components = new byte[16];
            var present = 0;
            var pceSvn = -1;
            var list = new AsnReader(extension.Value, AsnEncodingRules.DER).ReadSequence();
            while (list.HasData)
            {
                var item = list.ReadSequence();
                switch (item.ReadObjectIdentifier())
                {
                    case Arc + ".1":
                        ppid = item.ReadOctetString();
                        break;
                    case Arc + ".2":
                        ReadTcb(item.ReadSequence(), components, ref present, ref pceSvn, ref cpuSvn);
                        break;
                    case Arc + ".3":
                        pceId = item.ReadOctetString();
                        break;
                    case Arc + ".4":
                        fmspc = item.ReadOctetString();
                        break;
                    case Arc + ".6":
                        instance = item.ReadOctetString();
                        break;
                    default:
                        break;
                }
            }

            return ppid.Length == 16 && present == 0xFFFF && pceSvn >= 0 && cpuSvn.Length == 16 && pceId.Length == 2 && fmspc.Length == 6 && instance.Length is 0 or 16
                ? new PckExtensions(ppid, [.. components], pceSvn, cpuSvn, pceId, fmspc, instance) : null;
        }
        catch (AsnContentException)
        {
            return null;
        }
    }

    private static void ReadTcb(AsnReader list, byte[] components, ref int present, ref int pceSvn, ref ReadOnlyMemory<byte> cpuSvn)
    {
        while (list.HasData)
        {
            var item = list.ReadSequence();
            var oid = item.ReadObjectIdentifier();
            if (!oid.StartsWith(Arc + ".2.", StringComparison.Ordinal) || !int.TryParse(oid.AsSpan(Arc.Length + 3), out var index))
            {
                throw new AsnContentException();
            }

            if (index is >= 1 and <= 16 && item.TryReadInt32(out var svn) && svn is >= 0 and <= 255)
            {
                components[index - 1] = (byte)svn;
                present |= 1 << (index - 1);
            }
            else if (index == 17 && item.TryReadInt32(out var pce) && pce is >= 0 and <= 65535)
            {
                pceSvn = pce;
            }
            else if (index == 18)
            {
                cpuSvn = item.ReadOctetString();
            }
            else
            {
                throw new AsnContentException();
            }
        }
    }
}
