using System.Text;
using Sojourn.Hosting.Demo;
using Sojourn.Protocol.State;
using Sojourn.Testing;

namespace Sojourn.Jobs.Tests.Demo;

/// <summary>The main job over real processes, from seal to settlement.</summary>
[Collection("network")]
public sealed class DemonstrationTests
{
    [ToolFact("artifacts/enclave/sojourn-enclave", "bwrap")]
    public async Task The_main_job_runs_from_seal_to_settlement_and_what_should_be_refused_is()
    {
        var folder = Directory.CreateTempSubdirectory("sojourn-demo-test-").FullName;
        try
        {
            var table = Path.Combine(folder, "patients.csv");
            File.WriteAllText(table, Table(markers: true));
            var told = new StringBuilder();
            using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(3));
            var result = await new Demonstration(
                new DemoOptions
                {
                    Folder = Path.Combine(folder, "state"),
                    EnclaveFolder = Path.Combine(Vectors.Checkout, "artifacts", "enclave"),
                    DataFile = table,
                    AppFile = Path.Combine(Vectors.Checkout, "guests", "statistics", "group-statistics.wasm"),
                    Arguments = ["/in/table", "/output/result.csv", "ward", "age"],
                    GuardFile = Path.Combine(Vectors.Checkout, "guests", "guards", "min-group-size.wasm"),
                    GuardArguments = ["5"],
                    Bubblewrap = Tools.Find("bwrap"),
                },
                new DemoStory(title => told.AppendLine(title), line => told.AppendLine(line))).RunAsync(limit.Token);

            Assert.True(result.Outcome == JobOutcome.Succeeded, told.ToString());
            // The guard struck out the ward of three patients; the others stay, exactly.
            Assert.Equal("group,count,mean,min,max\neast,40,49.5,30,69\nwest,40,50.5,31,70\n", Encoding.UTF8.GetString(result.Output["result.csv"]));
            Assert.Equal(0, result.DataBytesMoved);
            Assert.InRange(result.OtherBytesMoved, 1, 20_000_000);
            Assert.Equal(["larger output", "no proof", "tampered result", "wrong enclave"], result.Refusals.Keys);
            Assert.Equal("KeyDenied", result.Refusals["larger output"]);
            Assert.Equal("NotGenuine", result.Refusals["no proof"]);
            Assert.Equal("NotAcceptable", result.Refusals["wrong enclave"]);
            Assert.Equal("SignatureMismatch", result.Refusals["tampered result"]);
            AssertNowhereInThePlain(Path.Combine(folder, "state"));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    // Every row carries a marker in a column that no output may show.
    private static string Table(bool markers)
    {
        var text = new StringBuilder("ward,age,name\n");
        for (var i = 0; i < 80; i++)
        {
            text.Append(i % 2 == 0 ? "east" : "west").Append(',').Append(30 + (i / 2) + (i % 2)).Append(",MARKER-").Append(markers ? i : 0).Append("-PLANTED\n");
        }

        for (var i = 0; i < 3; i++)
        {
            text.Append("rare,99,MARKER-RARE-PLANTED\n");
        }

        return text.ToString();
    }

    private static void AssertNowhereInThePlain(string folder)
    {
        var planted = Encoding.ASCII.GetBytes("-PLANTED");
        foreach (var file in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
        {
            Assert.True(File.ReadAllBytes(file).AsSpan().IndexOf(planted) < 0, $"{file} holds plaintext of the data");
        }
    }
}
