using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Sojourn.Wasm.Tests.Fuzz.Generation;

namespace Sojourn.Wasm.Tests.Fuzz;

/// <summary>V8, in one Node process for many programs.</summary>
internal sealed class NodePeer : IDisposable
{
    private readonly Process process;

    public NodePeer()
    {
        var start = new ProcessStartInfo("node", ["--no-liftoff", Path.Combine(AppContext.BaseDirectory, "Fuzz", "v8peer.mjs")])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        process = Process.Start(start)!;
    }

    /// <summary>What V8 makes of some programs.</summary>
    public List<List<string>> Run(IEnumerable<GeneratedModule> programs)
    {
        var request = programs.Select(program => new
        {
            module = Convert.ToBase64String(program.Bytes),
            calls = program.Calls.Select(call => new object[]
            {
                call.Export,
                call.Arguments.Select(x => new[] { x.Type.ToString(), x.Value.ToString(CultureInfo.InvariantCulture) }).ToArray(),
            }).ToArray(),
            getters = program.Getters,
        });
        process.StandardInput.WriteLine(JsonSerializer.Serialize(request));
        process.StandardInput.Flush();
        var answer = process.StandardOutput.ReadLine() ?? throw new InvalidOperationException("The V8 process ended.");
        return answer.StartsWith('[') ? JsonSerializer.Deserialize<List<List<string>>>(answer)! : throw new InvalidOperationException($"V8: {answer}");
    }

    public void Dispose()
    {
        process.StandardInput.Close();
        if (!process.WaitForExit(5000))
        {
            process.Kill(entireProcessTree: true);
        }

        process.Dispose();
    }
}
