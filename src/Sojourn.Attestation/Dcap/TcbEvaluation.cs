using System.Collections.Immutable;

namespace Sojourn.Attestation.Dcap;

/// <summary>Finds a platform's level in Intel's lists and converges it with the module's and the quoting enclave's (Intel TDX DCAP, "TCB level and status evaluation").</summary>
internal static class TcbEvaluation
{
    public static TcbLevel? Platform(TcbInfo info, PckExtensions pck, ReadOnlySpan<byte> teeTcbSvn)
    {
        foreach (var level in info.Levels)
        {
            if (pck.PceSvn >= level.PceSvn && AtLeast(pck.Components.AsSpan(), level.SgxComponents.AsSpan())
                && (teeTcbSvn.IsEmpty || TdxAtLeast(teeTcbSvn, level.TdxComponents.AsSpan())))
            {
                return level;
            }
        }

        return null;
    }

    public static TcbLevel? Isv(ImmutableArray<TcbLevel> levels, int isvSvn)
    {
        foreach (var level in levels)
        {
            if (isvSvn >= level.IsvSvn)
            {
                return level;
            }
        }

        return null;
    }

    /// <summary>A part that is out of date makes the whole so; a configuration that must change stays said.</summary>
    public static TcbStatus Converge(TcbStatus platform, TcbStatus part) => part switch
    {
        TcbStatus.UpToDate => platform,
        _ when platform is TcbStatus.NotSupported or TcbStatus.Revoked => platform,
        TcbStatus.Revoked => TcbStatus.Revoked,
        TcbStatus.OutOfDate => platform switch
        {
            TcbStatus.UpToDate or TcbStatus.SWHardeningNeeded => TcbStatus.OutOfDate,
            TcbStatus.ConfigurationNeeded or TcbStatus.ConfigurationAndSWHardeningNeeded => TcbStatus.OutOfDateConfigurationNeeded,
            _ => platform,
        },
        TcbStatus.NotSupported => TcbStatus.NotSupported,
        // Intel's lists give parts no other status today; the worse of the two is the careful answer.
        _ => (TcbStatus)Math.Max((int)platform, (int)part),
    };

    private static bool AtLeast(ReadOnlySpan<byte> have, ReadOnlySpan<byte> demanded)
    {
        for (var i = 0; i < 16; i++)
        {
            if (have[i] < demanded[i])
            {
                return false;
            }
        }

        return true;
    }

    private static bool TdxAtLeast(ReadOnlySpan<byte> have, ReadOnlySpan<byte> demanded)
    {
        if (demanded.Length != 16)
        {
            return false;
        }

        // From module version 1 on, the first two numbers are the module's own and are judged by its identity.
        for (var i = have[1] == 0 ? 0 : 2; i < 16; i++)
        {
            if (have[i] < demanded[i])
            {
                return false;
            }
        }

        return true;
    }
}
