using System.Globalization;
using Sojourn.Testing;
using Sojourn.Wasm.Text;
using Sojourn.Wasm.Text.Script;
using Xunit;
using Xunit.Abstractions;

namespace Sojourn.Wasm.Tests.Fuzz;

/// <summary>Damaged modules and texts are refused, never with anything but a verdict; what loads can be printed and read again.</summary>
public sealed class MutationTests(ITestOutputHelper output)
{
    private static readonly ModuleOptions Options = ModuleOptions.Default with { Tier = ExecutionTier.Interpreted, Features = WasmFeatures.Wasm3 };

    [VectorFact("wasm-spec/3.0")]
    public void Damaged_modules_get_a_verdict() => Mutate(seed: 7, count: 20_000);

    [VectorFact("wasm-spec/3.0")]
    [Trait("long", "fuzz-wasm-decoder")]
    public void Campaign()
    {
        if (Environment.GetEnvironmentVariable("SOJOURN_LONG") != "fuzz-wasm-decoder")
        {
            return;
        }

        var seed = ulong.Parse(Environment.GetEnvironmentVariable("SOJOURN_LONG_SEED") ?? "1", CultureInfo.InvariantCulture);
        var count = int.Parse(Environment.GetEnvironmentVariable("SOJOURN_LONG_COUNT") ?? "5000000", CultureInfo.InvariantCulture);
        var loaded = Mutate(seed, count);
        var line = $"LONG fuzz-wasm-decoder seed={seed} count={count} loaded={loaded} crashes=0";
        output.WriteLine(line);
        Console.WriteLine(line);
    }

    [VectorFact("wasm-spec/3.0")]
    public void Damaged_texts_get_a_verdict()
    {
        var random = new Prng(11);
        var corpus = Scripts().Where(x => x.Length < 20_000).ToArray();
        var read = 0;
        for (var i = 0; i < 3_000; i++)
        {
            var text = Damage(random, random.Pick(corpus), random.Pick(corpus));
            try
            {
                foreach (var command in ScriptReader.Read(text))
                {
                    if (command is ModuleCommand module)
                    {
                        module.Module.ToBinary(WatOptions.Default);
                        read++;
                    }
                }
            }
            catch (WatException)
            {
                // A verdict.
            }
        }

        output.WriteLine($"{read} modules read from damaged scripts");
        Assert.True(read > 0);
    }

    private int Mutate(ulong seed, int count)
    {
        var random = new Prng(seed);
        var corpus = Corpus();
        var loaded = 0;
        for (var i = 0; i < count; i++)
        {
            var bytes = Damage(random, random.Pick(corpus), random.Pick(corpus));
            try
            {
                WasmModule.Load(bytes, Options);
                loaded++;
                Wat.ToBinary(Wat.FromBinary(bytes));
            }
            catch (ModuleException)
            {
                // A verdict.
            }
            catch (Exception fault) when (fault is not (ModuleException or OutOfMemoryException))
            {
                var path = Path.Combine(Path.GetTempPath(), $"sojourn-mutation-{seed}-{i}.wasm");
                File.WriteAllBytes(path, bytes);
                throw new InvalidOperationException($"mutation {i} of seed {seed} ({path}): {fault.GetType().Name} {fault.Message}", fault);
            }
        }

        output.WriteLine($"{count} mutations of {corpus.Length} modules, {loaded} still valid");
        return loaded;
    }

    private static IEnumerable<byte[]> Scripts() =>
        Directory.GetFiles(Vectors.PathOf("wasm-spec/3.0"), "*.wast", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(File.ReadAllBytes);

    private static byte[][] Corpus()
    {
        var corpus = new List<byte[]>();
        foreach (var script in Scripts())
        {
            foreach (var command in ScriptReader.Read(script).OfType<ModuleCommand>().Take(6))
            {
                var bytes = command.Module.ToBinary(WatOptions.Default);
                if (bytes.Length < 8_000)
                {
                    corpus.Add(bytes);
                }
            }
        }

        return corpus.ToArray();
    }

    private static byte[] Damage(Prng random, byte[] original, byte[] other)
    {
        var bytes = new List<byte>(original);
        for (var n = 1 + random.Below(4); n > 0 && bytes.Count > 0; n--)
        {
            var at = random.Below(bytes.Count);
            switch (random.Below(8))
            {
                case 0:
                    bytes[at] ^= (byte)(1 << random.Below(8));
                    break;
                case 1:
                    bytes[at] = (byte)random.Next();
                    break;
                case 2:
                    bytes[at] = random.Pick<byte>([0, 1, 0x7F, 0x80, 0xFF, 0x40, 0x0B, 0xFB, 0xFC, 0xFD, 0x63, 0x64, 0x70]);
                    break;
                case 3:
                    bytes.RemoveRange(at, Math.Min(1 + random.Below(8), bytes.Count - at));
                    break;
                case 4:
                    bytes.Insert(at, (byte)random.Next());
                    break;
                case 5:
                    bytes.InsertRange(at, bytes.GetRange(at, Math.Min(random.Below(16), bytes.Count - at)));
                    break;
                case 6 when other.Length > 1:
                    var from = random.Below(other.Length);
                    bytes.InsertRange(at, other.AsSpan(from, Math.Min(random.Below(32), other.Length - from)));
                    break;
                default:
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;
            }
        }

        return bytes.ToArray();
    }
}
