using System.Diagnostics;
using Sojourn.Testing;

namespace Sojourn.Jobs.Tests.Guards;

/// <summary>The small modules that are shipped follow from their sources.</summary>
public sealed class GuestRebuildTests
{
    [ToolFact("clang", "wasm-ld", "bash")]
    [Trait("speed", "slow")]
    public async Task Every_shipped_guest_rebuilds_to_the_same_bytes()
    {
        var output = Directory.CreateTempSubdirectory("sojourn-guests-").FullName;
        try
        {
            var guests = Path.Combine(Vectors.Checkout, "guests");
            using var build = Process.Start(new ProcessStartInfo("bash", [Path.Combine(guests, "build"), output]) { RedirectStandardError = true, UseShellExecute = false })!;
            var error = await build.StandardError.ReadToEndAsync();
            await build.WaitForExitAsync();
            Assert.True(build.ExitCode == 0, error);
            var shipped = Directory.GetFiles(guests, "*.wasm", SearchOption.AllDirectories);
            Assert.NotEmpty(shipped);
            Assert.All(shipped, file => Assert.Equal(File.ReadAllBytes(file), File.ReadAllBytes(Path.Combine(output, Path.GetFileName(file)))));
        }
        finally
        {
            Directory.Delete(output, recursive: true);
        }
    }
}
