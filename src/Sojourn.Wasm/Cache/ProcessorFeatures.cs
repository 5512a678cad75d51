using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using Arm = System.Runtime.Intrinsics.Arm;

namespace Sojourn.Wasm.Cache;

/// <summary>The processor features that the running process may use, by the names that the ahead-of-time compiler gives them.</summary>
internal static class ProcessorFeatures
{
    /// <summary>The names, in a fixed order, separated by commas.</summary>
    public static string Names { get; } = string.Join(',', RuntimeInformation.ProcessArchitecture == Architecture.X64 ? X64() : Arm64());

    private static IEnumerable<string> X64()
    {
        (bool Has, string Name)[] features =
        [
            (Sse42.IsSupported && Popcnt.IsSupported, "sse4.2"),
            (Avx.IsSupported, "avx"),
            (Avx2.IsSupported && Bmi1.IsSupported && Bmi2.IsSupported && Fma.IsSupported && Lzcnt.IsSupported, "avx2"),
            (Avx512F.IsSupported && Avx512BW.IsSupported && Avx512CD.IsSupported && Avx512DQ.IsSupported, "avx512"),
        ];
        return features.Where(feature => feature.Has).Select(feature => feature.Name);
    }

    private static IEnumerable<string> Arm64()
    {
        (bool Has, string Name)[] features =
        [
            (Arm.AdvSimd.IsSupported, "neon"),
            (Arm.Crc32.IsSupported, "crc"),
            (Arm.Dp.IsSupported, "dotprod"),
            (Arm.Rdm.IsSupported, "rdma"),
        ];
        return features.Where(feature => feature.Has).Select(feature => feature.Name);
    }
}
