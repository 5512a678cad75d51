using System.Globalization;
using Sojourn.Testing;
using Sojourn.Wasm.Wasi;

namespace Sojourn.Wasm.Tests.Wasi;

/// <summary>A trap names the guest's functions and source lines, from the name section and DWARF.</summary>
public sealed class TrapFrameTests
{
    [ToolTheory("clang", "wasm-ld")]
    [InlineData("0", TrapKind.IntegerDivideByZero, "divide", 5, false)]
    [InlineData("0", TrapKind.IntegerDivideByZero, "divide", 5, true)]
    [InlineData("1", TrapKind.MemoryOutOfBounds, "beyond", 9, false)]
    [InlineData("1", TrapKind.MemoryOutOfBounds, "beyond", 9, true)]
    [InlineData("2", TrapKind.Unreachable, "abort", 0, false)]
    public void Frames_lead_from_the_trap_to_main(string kind, TrapKind expected, string function, int line, bool interpreted)
    {
        foreach (var protection in new[] { MemoryProtection.Automatic, MemoryProtection.BoundsChecks })
        {
            var options = new ModuleOptions { Protection = protection, Tier = interpreted ? ExecutionTier.Interpreted : ExecutionTier.Compiled };
            var module = WasmModule.Load(Clang.Compile("crash", "-g -O0"), options);
            using var store = new Store();
            using var wasi = new WasiPreview1(new WasiOptions().AddArguments("crash", kind));
            var linker = new Linker(store);
            wasi.DefineIn(linker);
            var trap = Assert.Throws<TrapException>(() => WasiPreview1.Run(linker.Instantiate(module)));
            Assert.Equal(expected, trap.Kind);
            var names = trap.Frames.Select(frame => frame.Name).ToList();
            Assert.Equal(function, names[0]);
            Assert.Contains("main", string.Join(' ', names), StringComparison.Ordinal);
            Assert.Equal(4, names.Count(name => name == "work"));
            Assert.StartsWith("_start", names[^1], StringComparison.Ordinal);
            if (line > 0)
            {
                // Optimised code knows the place of a faulting load only to the statement or the next.
                var near = expected == TrapKind.MemoryOutOfBounds && !interpreted ? 1 : 0;
                Assert.InRange(int.Parse(trap.Frames[0].Source!.Split("crash.c:")[1], CultureInfo.InvariantCulture), line, line + near);
            }

            Assert.All(trap.Frames.Where(frame => frame.Name == "work").Take(3), frame => Assert.Contains("crash.c:1", frame.Source, StringComparison.Ordinal));
            Assert.InRange(trap.Frames[0].Offset ?? -1, module.Definition.CodeSectionOffset, module.Bytes.Length);
        }
    }
}
