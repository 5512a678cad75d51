using Sojourn.Enclave.Tests.Harness;
using Sojourn.Testing;
using Xunit.Abstractions;

namespace Sojourn.Enclave.Tests.Channel;

/// <summary>Every message of the conversation, in every way that <see cref="Mischief"/> knows, from seeds.</summary>
public sealed class HostFuzzTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void No_message_of_a_hostile_host_obtains_anything(int seed)
    {
        using var scene = new HostileScene();
        Fuzz(scene, (ulong)seed, (done, _) => done >= 120);
    }

    [Fact]
    [Trait("long", "fuzz-enclave")]
    public void A_long_campaign_of_hostile_hosts()
    {
        if (LongRun.Of("fuzz-enclave") is not { } run)
        {
            return;
        }

        using var scene = new HostileScene();
        var kinds = new SortedDictionary<string, int>(StringComparer.Ordinal);
        var count = Fuzz(scene, run.Seed << 32, (_, name) =>
        {
            kinds[name] = kinds.GetValueOrDefault(name) + 1;
            return run.Over;
        });
        LongRun.Record(output, "fuzz-enclave", $"seed={run.Seed} conversations={count} {string.Join(" ", kinds.Select(kind => $"{kind.Key.Replace(' ', '-')}={kind.Value}"))}");
    }

    private static long Fuzz(HostileScene scene, ulong seed, Func<long, string, bool> over)
    {
        var earlier = scene.Honest.Sent;
        long done = 0;
        while (true)
        {
            var draw = new Random(HashCode.Combine(seed, done));
            var mischief = new Mischief(draw, draw.Next(earlier.Count), earlier);
            var ending = new Host(scene.Scene) { Tamper = mischief.Apply }.Run();
            try
            {
                scene.AssertNothingObtained(ending);
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"seed {seed}, conversation {done}, {mischief.Name}: {e.Message}", e);
            }

            if (over(++done, mischief.Name))
            {
                return done;
            }
        }
    }
}
