using System.Collections.Immutable;
using System.Globalization;
using Sojourn.Hosting.Yaml;
using Sojourn.Node;
using Sojourn.Primitives;
using Sojourn.Protocol.Terms;

namespace Sojourn.Hosting.Nodes;

/// <summary>A node's configuration as an operator writes it: YAML. Paths are relative to the file.</summary>
public static class NodeFile
{
    /// <summary>Reads it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="enclaveFolder">The published enclave.</param>
    /// <param name="bubblewrap">The full path of bubblewrap; null where there is none.</param>
    /// <exception cref="YamlFileException">Something is unknown, missing or out of bounds; the message names the line and the nearest key.</exception>
    public static NodeOptions Read(string path, string enclaveFolder, string? bubblewrap) => Parse(path, File.ReadAllText(path), enclaveFolder, bubblewrap);

    /// <summary>Reads its text.</summary>
    /// <param name="path">The file, for messages and relative paths.</param>
    /// <param name="text">YAML.</param>
    /// <param name="enclaveFolder">The published enclave.</param>
    /// <param name="bubblewrap">The full path of bubblewrap; null where there is none.</param>
    public static NodeOptions Parse(string path, string text, string enclaveFolder, string? bubblewrap)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        var root = YamlMap.Parse(Path.GetFileName(path), text);
        var defaults = new NodeOptions { KeysFile = "", Ledgers = [], DropBoxes = [], StateFolder = "", EnclaveFolder = enclaveFolder };
        var options = defaults with
        {
            Name = root.Text("Name") ?? defaults.Name,
            KeysFile = Path.Combine(folder, root.Text("Keys") ?? "keys"),
            StateFolder = Path.Combine(folder, root.Text("State") ?? "state"),
            Ledgers = Addresses(root, "Ledger", needed: true),
            Genesis = root.Text("Genesis") is { } genesis ? (Digest.TryParse(genesis, out var digest) ? digest : throw root.Error("Genesis", "64 hexadecimal digits were expected")) : null,
            DropBoxes = Addresses(root, "DropBox", needed: true),
            Gateways = Addresses(root, "Gateways", needed: false),
            Listen = root.Text("Listen") is { } listen and not "none" ? listen : null,
            PublicGateway = Addresses(root, "PublicGateway", needed: false) is [var at, ..] ? at : null,
            Stake = (ulong)(root.Number("Stake", 1, long.MaxValue) ?? 10_000),
            Holds = [.. root.Texts("Holds").Select(held => CidOf(root, "Holds", held))],
            Regions = Regions(root),
            Isolation = root.Word<IsolationRule>("Isolation") ?? IsolationRule.Required,
            WarmEnclaves = (int)(root.Number("WarmEnclaves", 0, 64) ?? 1),
            Proof = root.Word<ProofSource>("Proof") ?? ProofSource.Simulated,
            EnrolmentFile = root.Text("Enrolment") is { } enrolment ? Path.Combine(folder, enrolment) : null,
            SoftwareTpm = Doctor.Examination.FindProgram("swtpm"),
            Grace = root.Duration("Grace") ?? defaults.Grace,
            EnclaveFolder = enclaveFolder,
            Bubblewrap = bubblewrap,
        };
        options = ReadLimits(root.Map("Limits"), ReadPrice(root.Map("Price"), options));
        root.Done();
        return options;
    }

    private static NodeOptions ReadPrice(YamlMap? map, NodeOptions options)
    {
        if (map is null)
        {
            return options;
        }

        var read = options with
        {
            PricePerJob = (ulong)(map.Number("PerJob", 0, long.MaxValue) ?? 0),
            PricePerGigafuel = (ulong)(map.Number("PerGigafuel", 0, long.MaxValue) ?? 0),
            Rules = options.Rules with { PayMin = (ulong)(map.Number("PayMin", 0, long.MaxValue) ?? 0) },
        };
        map.Done();
        return read;
    }

    private static NodeOptions ReadLimits(YamlMap? map, NodeOptions options)
    {
        if (map is null)
        {
            return options;
        }

        var rules = options.Rules;
        var read = options with
        {
            Processors = map.Text("Processors"),
            FetchedBytesPerSecond = map.Size("FetchedPerSecond") ?? 0,
            Rules = rules with
            {
                Executes = map.Flag("Execute") ?? true,
                Verifies = map.Flag("Verify") ?? true,
                JobsMax = (int)(map.Number("Jobs", 0, 1024) ?? rules.JobsMax),
                MemoryMebibytesMax = (uint)Math.Clamp((map.Size("Memory") ?? ((long)rules.MemoryMebibytesMax << 20)) >> 20, 1, uint.MaxValue),
                FuelMax = (ulong)(map.Number("Fuel", 1, long.MaxValue) ?? long.MaxValue),
                DiskBytesMax = map.Size("Disk") ?? long.MaxValue,
                DiskFreeMin = map.Size("DiskFree") ?? rules.DiskFreeMin,
                FetchedBytesPerDay = map.Size("FetchedPerDay") ?? long.MaxValue,
                Requesters = [.. map.Texts("Requesters").Select(who => AddressOf(map, "Requesters", who))],
                Refused = [.. map.Texts("RefusedRequesters").Select(who => AddressOf(map, "RefusedRequesters", who))],
                Programs = [.. map.Texts("Programs").Select(what => CidOf(map, "Programs", what))],
                RefusedContents = [.. map.Texts("RefusedContents").Select(what => CidOf(map, "RefusedContents", what))],
                Hours = [.. map.Texts("Hours").SelectMany(hours => HoursOf(map, hours))],
            },
        };
        map.Done();
        return read;
    }

    // "8", or "22-6": from 22 until before 6.
    private static IEnumerable<int> HoursOf(YamlMap map, string text)
    {
        var parts = text.Split('-', 2, StringSplitOptions.TrimEntries);
        if (!int.TryParse(parts[0], CultureInfo.InvariantCulture, out var from) || !int.TryParse(parts[^1], CultureInfo.InvariantCulture, out var to) || from is < 0 or > 23 || to is < 0 or > 24)
        {
            throw map.Error("Hours", $"hours of the day in UTC such as 8-18 or 22-6 were expected, not '{text}'");
        }

        for (var hour = from; hour != to % 24 || hour == from; hour = (hour + 1) % 24)
        {
            yield return hour;
            if (parts.Length == 1 || (hour + 1) % 24 == from)
            {
                yield break;
            }
        }
    }

    private static ulong Regions(YamlMap root)
    {
        var regions = 0UL;
        foreach (var text in root.Texts("Regions"))
        {
            regions |= RegionNames.TryParse(text, out var named) ? 1UL << named
                : int.TryParse(text, CultureInfo.InvariantCulture, out var bit) && bit is >= 0 and < 64 ? 1UL << bit
                : throw root.Error("Regions", $"names of regions (such as {string.Join(", ", RegionNames.All.Take(6))}) or numbers from 0 to 63 were expected, not '{text}'");
        }

        return regions;
    }

    internal static ImmutableArray<Uri> Addresses(YamlMap map, string key, bool needed)
    {
        var texts = map.Texts(key);
        return needed && texts.Count == 0 ? throw map.Error(key, "is missing: an address such as http://127.0.0.1:7070 was expected")
            : [.. texts.Select(text => Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" ? uri : throw map.Error(key, $"an address such as http://127.0.0.1:7070 was expected, not '{text}'"))];
    }

    private static Cid CidOf(YamlMap map, string key, string text) => Cid.TryParse(text, out var cid) ? cid : throw map.Error(key, $"a CID was expected, not '{text}'");

    private static Address AddressOf(YamlMap map, string key, string text) => Address.TryParse(text, out var address) ? address : throw map.Error(key, $"an account such as 0x… was expected, not '{text}'");
}
