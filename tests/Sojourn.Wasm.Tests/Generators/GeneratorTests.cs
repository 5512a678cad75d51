using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Sojourn.Wasm.Generators;

namespace Sojourn.Wasm.Tests.Generators;

/// <summary>What the source generators say and write.</summary>
public sealed class GeneratorTests
{
    private const string EveryShape = """
        namespace Some.Where
        {
            public partial class Outer
            {
                [HostModule("env")]
                internal sealed partial record class @event
                {
                    [HostFunction] void Nothing() { }
                    [HostFunction("numbers")] internal (int, uint, long, ulong, float, double, bool) Numbers(int a, uint b, long c, ulong d, float e, double f, bool g) => (a, b, c, d, e, f, g);
                    [HostFunction("references", Module = "other")] public (object?, Function?, Vector128<byte>) References(Caller caller, object? o, Function? f, Vector128<byte> v) => (o, f, v);
                    [HostFunction("bytes")] int @return(ReadOnlySpan<byte> from, Span<byte> to, string @class) => from.Length + to.Length + @class.Length;
                    [HostFunction("static")] static bool Static(bool x) => !x;
                    [HostFunction("a \"quoted\"\nname")] double Quoted() => 0;
                }
            }

            [HostModule("static")]
            static partial class AllStatic
            {
                [HostFunction] static ulong Twice(ulong x) => 2 * x;
            }

            [GuestExports]
            public partial class Guest
            {
                [GuestFunction] public partial void Nothing();
                [GuestFunction("numbers")] internal partial (int A, uint, long, ulong, float, double, bool) Numbers(int a, uint b, long c, ulong d, float e, double f, bool g);
                [GuestFunction("references")] private partial (object?, Function?, Vector128<byte>) References(object? o, Function? fault, Vector128<byte> @in);
                [GuestFunction("twice")] protected internal partial ulong Twice(ulong sojournGuests);
                [GuestFunction("twice")] public partial long TwiceSigned(long x);
            }
        }

        [HostModule("global")] partial class Global { [HostFunction] int One() => 1; }
        """;

    [Fact]
    public void What_is_written_compiles_without_a_warning()
    {
        var outcome = Driver.Run(EveryShape);
        Assert.Empty(outcome.Said);
        Assert.Equal(4, outcome.Written.Length);
        Assert.Empty(outcome.Errors);
        using var assembly = new MemoryStream();
        Assert.True(outcome.Program.Emit(assembly).Success);
    }

    /// <summary>No reflection, no delegates per call, nothing boxed: what runs when a guest calls is written out.</summary>
    [Fact]
    public void What_is_written_calls_by_address()
    {
        var written = Assert.Single(Driver.Run("""[HostModule("env")] partial class Host { [HostFunction("add")] uint Add(int a, uint b) => (uint)a + b; }""").Written);
        Assert.Contains("(nint)(delegate* managed<int, int, nint, int>)&SojournHost0", written, StringComparison.Ordinal);
        Assert.Contains("private static int SojournHost0(int a0, int a1, nint context)", written, StringComparison.Ordinal);
        Assert.Contains(".Target<@Host>(context).@Add(a0, unchecked((uint)a1));", written, StringComparison.Ordinal);
        Assert.DoesNotContain("Reflection", written, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("SJW001", "[HostModule(\"m\")] class C { [HostFunction] void M() { } }", "C")]
    [InlineData("SJW001", "class O { [HostModule(\"m\")] partial class C { [HostFunction] void M() { } } }", "C")]
    [InlineData("SJW001", "[GuestExports] class C { }", "C")]
    [InlineData("SJW002", "[HostModule(\"m\")] partial class C<T> { [HostFunction] void M() { } }", "C")]
    [InlineData("SJW002", "partial class O<T> { [HostModule(\"m\")] partial class C { [HostFunction] void M() { } } }", "C")]
    [InlineData("SJW002", "[HostModule(\"m\")] partial class C { [HostFunction] void M<T>() { } }", "M")]
    [InlineData("SJW003", "[HostModule(\"m\")] partial class C { [HostFunction] void M(decimal x) { } }", "x")]
    [InlineData("SJW003", "[HostModule(\"m\")] partial class C { [HostFunction] void M(int? x) { } }", "x")]
    [InlineData("SJW003", "[HostModule(\"m\")] partial class C { [HostFunction] void M(nint x) { } }", "x")]
    [InlineData("SJW003", "[HostModule(\"m\")] partial class C { [HostFunction] void M(byte x) { } }", "x")]
    [InlineData("SJW003", "[HostModule(\"m\")] partial class C { [HostFunction] void M(dynamic x) { } }", "x")]
    [InlineData("SJW003", "[HostModule(\"m\")] partial class C { [HostFunction] void M(params int[] x) { } }", "x")]
    [InlineData("SJW003", "[HostModule(\"m\")] partial class C { [HostFunction] void M(Vector128<int> x) { } }", "x")]
    [InlineData("SJW003", "[GuestExports] partial class C { [GuestFunction] public partial void M(string x); }", "x")]
    [InlineData("SJW003", "[GuestExports] partial class C { [GuestFunction] public partial void M(Caller x); }", "x")]
    [InlineData("SJW004", "[HostModule(\"m\")] partial class C { [HostFunction] string M() => \"\"; }", "M")]
    [InlineData("SJW004", "[HostModule(\"m\")] partial class C { [HostFunction] Task M() => Task.CompletedTask; }", "M")]
    [InlineData("SJW004", "[HostModule(\"m\")] partial class C { [HostFunction] async void M() => await Task.Yield(); }", "M")]
    [InlineData("SJW004", "[HostModule(\"m\")] partial class C { int f; [HostFunction] ref int M() => ref f; }", "M")]
    [InlineData("SJW004", "[HostModule(\"m\")] partial class C { [HostFunction] (int, string) M() => (1, \"\"); }", "M")]
    [InlineData("SJW004", "[HostModule(\"m\")] partial class C { [HostFunction] (int, int, int, int, int, int, int, int) M() => default; }", "M")]
    [InlineData("SJW005", "[HostModule(\"m\")] partial class C { [HostFunction(\"a\")] void M() { } [HostFunction(\"a\")] void N() { } }", "N")]
    [InlineData("SJW005", "[HostModule(\"m\")] partial class C { [HostFunction] void M() { } [HostFunction] void M(int x) { } }", "M")]
    [InlineData("SJW006", "[HostModule(\"m\")] partial class C { [HostFunction] void M(ref int x) { } }", "x")]
    [InlineData("SJW006", "[HostModule(\"m\")] partial class C { [HostFunction] void M(out int x) => x = 1; }", "x")]
    [InlineData("SJW006", "[HostModule(\"m\")] partial class C { [HostFunction] void M(in int x) { } }", "x")]
    [InlineData("SJW008", "[HostModule(\"m\")] partial class C { [HostFunction] void M(int y, Caller x) { } }", "x")]
    [InlineData("SJW009", "[GuestExports] partial class C { [GuestFunction] public void M() { } }", "M")]
    [InlineData("SJW009", "[GuestExports] partial class C { [GuestFunction] public static partial void M(); }", "M")]
    [InlineData("SJW009", "[GuestExports] partial class C { [GuestFunction] public partial void M(); public partial void M() { } }", "M")]
    [InlineData("SJW010", "[HostModule(\"m\")] partial class C { void M() { } }", "C")]
    [InlineData("SJW011", "[HostModule(\"\")] partial class C { [HostFunction] void M() { } }", "C")]
    [InlineData("SJW011", "[HostModule(\"m\")] partial class C { [HostFunction(Module = \"\")] void M() { } }", "M")]
    [InlineData("SJW012", "[GuestExports] static partial class C { }", "C")]
    public void Faults_are_named_where_they_are(string id, string source, string at)
    {
        var said = Assert.Single(Driver.Run(source).Said);
        Assert.Equal(id, said.Id);
        Assert.Equal(id == "SJW010" ? DiagnosticSeverity.Warning : DiagnosticSeverity.Error, said.Severity);
        Assert.Contains($"\"{at}\"", said.GetMessage(), StringComparison.Ordinal);
        Assert.Equal("Program.cs", said.Location.GetLineSpan().Path);
        Assert.Equal(1, said.Location.GetLineSpan().StartLinePosition.Line);
        Assert.Equal(at, source.Substring(said.Location.GetLineSpan().StartLinePosition.Character, at.Length));
    }

    [Fact]
    public void Unsafe_code_must_be_allowed()
    {
        var outcome = Driver.Run("""[HostModule("m")] partial class C { [HostFunction] void M() { } }""", allowUnsafe: false);
        Assert.Equal("SJW007", Assert.Single(outcome.Said).Id);
        Assert.Empty(outcome.Written);
    }

    [Fact]
    public void Several_faults_are_told_at_once()
    {
        var said = Driver.Run("""[HostModule("m")] partial class C { [HostFunction] string M(decimal a, ref int b) => ""; [HostFunction] void N(char c) { } }""").Said;
        Assert.Equal(["SJW003", "SJW003", "SJW004", "SJW006"], said.Select(x => x.Id).Order(StringComparer.Ordinal));
    }

    /// <summary>What is typed elsewhere writes nothing anew; what is typed in the class does.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Only_what_changed_is_read_again(bool changes)
    {
        var program = Driver.Compile("""[HostModule("m")] partial class C { [HostFunction] int M(int a) => a; }""");
        GeneratorDriver driver = CSharpGeneratorDriver.Create([new HostModuleGenerator().AsSourceGenerator()], driverOptions: new GeneratorDriverOptions(IncrementalGeneratorOutputKind.None, trackIncrementalGeneratorSteps: true));
        driver = driver.RunGenerators(program);
        var later = changes
            ? program.ReplaceSyntaxTree(program.SyntaxTrees[0], CSharpSyntaxTree.ParseText(program.SyntaxTrees[0].ToString().Replace("int a", "long a", StringComparison.Ordinal), path: "Program.cs"))
            : program.AddSyntaxTrees(CSharpSyntaxTree.ParseText("class Elsewhere { }", path: "Elsewhere.cs"));
        var result = driver.RunGenerators(later).GetRunResult().Results.Single();
        var reasons = result.TrackedOutputSteps.SelectMany(x => x.Value).SelectMany(x => x.Outputs).Select(x => x.Reason).ToList();
        Assert.NotEmpty(reasons);
        Assert.All(reasons, reason => Assert.Equal(changes, reason is IncrementalStepRunReason.Modified or IncrementalStepRunReason.New));
    }
}
