using System.Buffers.Binary;
using Sojourn.Enclave.Tests.Harness;
using Sojourn.Protocol.EnclaveChannel;
using Sojourn.Protocol.Jobs;
using Sojourn.Wasm.Text;

namespace Sojourn.Enclave.Tests.Guests;

/// <summary>What an enclave tells of its fuel while a guest runs: hundredths that grow, and nothing where a guard watches what leaves.</summary>
public sealed class FuelProgressTests
{
    private const ulong Fuel = 6_000_000_000;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Fuel_is_told_in_hundredths_unless_a_guard_watches(bool watched)
    {
        using var scene = new Scene { FuelMax = Fuel };
        // It calls out: a loop that calls nothing may keep its fuel to itself until it ends.
        scene.Code = scene.Plain(Wat.ToBinary("""
            (module
              (import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
              (memory (export "memory") 1)
              (func (export "_start") (loop $more (drop (call $yield)) (br $more))))
            """));
        if (watched)
        {
            scene.Guards = [scene.Guard(File.ReadAllBytes(Path.Combine(Testing.Vectors.Checkout, "guests", "guards", "min-group-size.wasm")), "5")];
            var data = scene.SealedData([1, 2, 3]);
            scene.Spec = scene.Spec with { Inputs = [new JobInput("data", data)] };
        }

        var ending = new Host(scene).Run();
        var told = Progress(ending.Said).Where(progress => progress.Total > 0).ToList();
        if (watched)
        {
            Assert.Empty(told);
            return;
        }

        Assert.NotNull(ending.Outcome);
        Assert.NotEmpty(told);
        Assert.All(told, progress => Assert.Equal((EnclaveStage.Running, 100UL), (progress.Stage, progress.Total)));
        Assert.Equal(told.Select(progress => progress.Done).Distinct().Order(), told.Select(progress => progress.Done));
        Assert.All(told, progress => Assert.InRange(progress.Done, 1UL, 100UL));
    }

    private static IEnumerable<EnclaveProgress> Progress(byte[] said)
    {
        for (var at = 0; at + FrameLimits.HeaderLength <= said.Length;)
        {
            var length = BinaryPrimitives.ReadInt32LittleEndian(said.AsSpan(at));
            if ((MessageType)said[at + 4] == MessageType.Progress)
            {
                yield return EnclaveProgress.Decode(said.AsSpan(at + FrameLimits.HeaderLength, length));
            }

            at += FrameLimits.HeaderLength + length;
        }
    }
}
