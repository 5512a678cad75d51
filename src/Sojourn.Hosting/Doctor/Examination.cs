using System.Globalization;
using System.Runtime.InteropServices;

namespace Sojourn.Hosting.Doctor;

/// <summary>Looks at what this machine can prove and run.</summary>
public static class Examination
{
    /// <summary>Looks at everything, in the order in which a person would ask.</summary>
    /// <param name="enclaveFolder">Where the published enclave should be.</param>
    /// <param name="stateFolder">Where state is kept; its disk is looked at.</param>
    public static IReadOnlyList<Finding> Run(string enclaveFolder, string stateFolder) =>
    [
        Platform(),
        Enclave(enclaveFolder),
        Bubblewrap(),
        Seccomp(),
        LockedMemory(),
        Maps(),
        Disk(stateFolder),
        .. Proofs(),
        Program("swtpm", "swtpm", "development networks can hold real TPM conversations", "development networks use simulated evidence"),
        Program("node", "nodejs", "the demonstration's public data can be installed", "the demonstration needs --data and --app"),
    ];

    private static Finding Platform() => OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture == Architecture.X64
        ? new("platform", FindingState.Good, $"Linux on x86-64, {Environment.ProcessorCount.ToString(CultureInfo.InvariantCulture)} cores, {RuntimeInformation.FrameworkDescription}")
        : new("platform", FindingState.Missing, $"{RuntimeInformation.OSDescription} on {RuntimeInformation.ProcessArchitecture}: guests run with explicit bounds checks, and enclaves have no system-call filter", "use Linux on x86-64 for a production node");

    private static Finding Enclave(string folder) => File.Exists(Path.Combine(folder, "sojourn-enclave"))
        ? new("enclave", FindingState.Good, $"built, in {folder}")
        : new("enclave", FindingState.Missing, $"not built (looked in {folder})", "run ./sojourn from the checkout: it builds what is missing");

    private static Finding Bubblewrap() => FindProgram("bwrap") is { } path
        ? new("bubblewrap", FindingState.Good, $"{path}: enclaves start in namespaces of their own")
        : new("bubblewrap", FindingState.Missing, "not found: a production node refuses to start enclaves; devnet and demo go on and say so", "apt-get install -y bubblewrap");

    private static Finding Seccomp()
    {
        var actions = ReadLine("/proc/sys/kernel/seccomp/actions_avail");
        return actions is null
            ? new("seccomp", FindingState.Missing, "the kernel offers no system-call filter", "use a kernel built with CONFIG_SECCOMP_FILTER")
            : new("seccomp", FindingState.Good, "the kernel filters system calls");
    }

    private static Finding LockedMemory()
    {
        var line = File.Exists("/proc/self/limits") ? File.ReadLines("/proc/self/limits").FirstOrDefault(l => l.StartsWith("Max locked memory", StringComparison.Ordinal)) : null;
        var soft = line?[26..].Trim().Split(' ')[0];
        return soft is "unlimited" || (long.TryParse(soft, CultureInfo.InvariantCulture, out var bytes) && bytes >= 1 << 20)
            ? new("locked memory", FindingState.Good, $"limit {soft} bytes: key pages can be kept out of swap")
            : new("locked memory", FindingState.Missing, $"limit {soft ?? "unknown"}: key pages may be swapped out", "raise memlock to at least 1 MiB (ulimit -l, or LimitMEMLOCK= in the service)");
    }

    private static Finding Maps()
    {
        var value = ReadLine("/proc/sys/vm/max_map_count");
        return long.TryParse(value, CultureInfo.InvariantCulture, out var count) && count >= 65530
            ? new("memory maps", FindingState.Good, $"vm.max_map_count = {count.ToString(CultureInfo.InvariantCulture)}")
            : new("memory maps", FindingState.Missing, $"vm.max_map_count = {value ?? "unknown"}: few guests can run at once", "sysctl vm.max_map_count=65530");
    }

    private static Finding Disk(string folder)
    {
        try
        {
            var at = Path.GetFullPath(folder);
            while (!Directory.Exists(at))
            {
                at = Path.GetDirectoryName(at) ?? "/";
            }

            var free = new DriveInfo(at).AvailableFreeSpace;
            return free >= 2L << 30
                ? new("disk", FindingState.Good, $"{(free >> 30).ToString(CultureInfo.InvariantCulture)} GiB free at {at}")
                : new("disk", FindingState.Missing, $"only {(free >> 20).ToString(CultureInfo.InvariantCulture)} MiB free at {at}", "free some space, or name another folder with SOJOURN_HOME");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return new("disk", FindingState.Missing, $"{folder} cannot be looked at: {e.Message}", "name another folder with SOJOURN_HOME");
        }
    }

    private static IEnumerable<Finding> Proofs()
    {
        yield return Device("TPM 2.0", ["/dev/tpmrm0"], "this machine can prove what it booted and ran (level tpm)");
        yield return Device("AMD SEV-SNP guest", ["/dev/sev-guest"], "this machine can prove that its memory is hidden from the host (level tee)");
        yield return Device("Intel TDX guest", ["/dev/tdx_guest", "/dev/tdx-guest"], "this machine can prove that its memory is hidden from the host (level tee)");
        yield return Device("AWS Nitro enclave", ["/dev/nsm"], "this machine can prove that its memory is hidden from the instance (level tee)");
        yield return Directory.Exists("/sys/kernel/config/tsm/report")
            ? new("configfs-tsm", FindingState.Good, "the kernel gives reports at /sys/kernel/config/tsm/report")
            : new("configfs-tsm", FindingState.NotHere, "the kernel offers no attestation reports (needs Linux 6.7 inside a confidential virtual machine)");
    }

    private static Finding Device(string what, string[] paths, string follows)
    {
        var path = paths.FirstOrDefault(File.Exists);
        if (path is null)
        {
            return new(what, FindingState.NotHere, $"no {paths[0]}");
        }

        try
        {
            using var opened = File.Open(path, FileMode.Open, FileAccess.ReadWrite);
            return new(what, FindingState.Good, $"{path}: {follows}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new(what, FindingState.Missing, $"{path} is there but cannot be opened: {e.Message}", $"add the node's user to the group that owns {path}");
        }
    }

    private static Finding Program(string name, string package, string with, string without) => FindProgram(name) is { } path
        ? new(name, FindingState.Good, $"{path}: {with}")
        : new(name, FindingState.Missing, $"not found: {without}", $"apt-get install -y {package}");

    /// <summary>The full path of a program on the path, or null.</summary>
    /// <param name="name">The program's name.</param>
    public static string? FindProgram(string name) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);

    private static string? ReadLine(string path)
    {
        try
        {
            return File.ReadLines(path).FirstOrDefault();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
