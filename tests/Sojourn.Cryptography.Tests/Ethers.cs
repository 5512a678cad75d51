using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using Sojourn.Testing;

namespace Sojourn.Cryptography.Tests;

/// <summary>Asks ethers, in a Node process of its own.</summary>
internal static class Ethers
{
    public const string Installed = "tests/peers/ethers/node_modules/ethers/package.json";

    public static JsonElement Ask(JsonObject request)
    {
        var folder = Path.Combine(Vectors.Checkout, "tests/peers/ethers");
        using var process = Process.Start(new ProcessStartInfo("node", ["peer.mjs"])
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        try
        {
            process.StandardInput.Write(request.ToJsonString());
            process.StandardInput.Close();
            var error = process.StandardError.ReadToEndAsync();
            var output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0 ? JsonDocument.Parse(output).RootElement : throw new InvalidOperationException(error.Result);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill();
            }
        }
    }
}
