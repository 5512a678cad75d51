using Sojourn.Wasm.Text;
using Xunit;

namespace Sojourn.Wasm.Tests.Text;

/// <summary>The reader's own tests: bytes as the specification gives them, and errors at their exact place.</summary>
public sealed class WatTests
{
    private static readonly WatOptions NoNames = WatOptions.Default with { EmitNames = false };

    [Theory]
    [InlineData("(module)", "")]
    [InlineData("", "")]
    [InlineData("(func)", "01 04 01 60 00 00 03 02 01 00 0a 04 01 02 00 0b")]
    [InlineData("(memory 1 2)", "05 04 01 01 01 02")]
    [InlineData("(memory i64 1)", "05 03 01 04 01")]
    [InlineData("(table 1 funcref)", "04 04 01 70 00 01")]
    [InlineData("(global (mut i64) (i64.const -1))", "06 06 01 7e 01 42 7f 0b")]
    [InlineData("(tag (param i32))", "01 05 01 60 01 7f 00 0d 03 01 00 00")]
    [InlineData("(type (sub (struct (field i8 (mut i64)))))", "01 09 01 50 00 5f 02 78 00 7e 01")]
    [InlineData("(rec (type $a (func (result (ref null $a)))) (type (array (mut anyref))))", "01 0b 01 4e 02 60 00 01 63 00 5e 6e 01")]
    [InlineData("(data \"a\\62\\u{63}\")", "0b 06 01 01 03 61 62 63")]
    [InlineData("(global f32 (f32.const 0x1.000001p0))", "06 09 01 7d 00 43 00 00 80 3f 0b")]
    [InlineData("(global f32 (f32.const -nan:0x200000))", "06 09 01 7d 00 43 00 00 a0 ff 0b")]
    public void Bytes_are_those_of_the_specification(string text, string sections)
    {
        var wanted = Convert.FromHexString("0061736d01000000" + sections.Replace(" ", "", StringComparison.Ordinal));
        Assert.Equal(Convert.ToHexString(wanted), Convert.ToHexString(Wat.ToBinary(text, NoNames)));
    }

    [Fact]
    public void Folded_and_flat_instructions_are_the_same_module()
    {
        const string Folded = "(func (param i32) (result i32) (if (result i32) (local.get 0) (then (i32.add (i32.const 1) (i32.const 2))) (else (block $b (result i32) (br $b (i32.const 3))))))";
        const string Flat = "(func (param i32) (result i32) local.get 0 if (result i32) i32.const 1 i32.const 2 i32.add else block $b (result i32) i32.const 3 br $b end $b end)";
        Assert.Equal(Wat.ToBinary(Flat), Wat.ToBinary(Folded));
    }

    [Theory]
    [InlineData("(module\n  (func\n    i32.frobnicate))", TextFault.UnknownOperator, 3, 5)]
    [InlineData("(module (func (i32.const 4294967296)))", TextFault.ConstantOutOfRange, 1, 26)]
    [InlineData("(func (local $x i32)\r\n (local $x i32))", TextFault.DuplicateIdentifier, 2, 9)]
    [InlineData("(func (call $nobody))", TextFault.UnknownIdentifier, 1, 13)]
    [InlineData("(func block $a end $b)", TextFault.MismatchingLabel, 1, 20)]
    [InlineData("(func) (import \"\" \"\" (func))", TextFault.ImportOrder, 1, 16)]
    [InlineData("(func) (; never ends", TextFault.UnclosedComment, 1, 8)]
    [InlineData("(; é ;) (func $)", TextFault.EmptyIdentifier, 1, 15)]
    [InlineData("(func", TextFault.UnexpectedToken, 1, 6)]
    [InlineData("(memory 1) )", TextFault.UnexpectedToken, 1, 12)]
    [InlineData("(func (i32.load align=3 (i32.const 0)))", TextFault.Alignment, 1, 17)]
    [InlineData("(global f32 (f32.const 1e39))", TextFault.ConstantOutOfRange, 1, 24)]
    public void Errors_name_the_fault_and_the_place(string text, TextFault fault, int line, int column)
    {
        var error = Assert.Throws<WatException>(() => Wat.ToBinary(text));
        Assert.Equal((fault, line, column), (error.Fault, error.Line, error.Column));
    }

    [Fact]
    public void Deep_nests_cost_heap_and_not_the_stack()
    {
        const int Depth = 200_000;
        var text = "(func" + string.Concat(Enumerable.Repeat("(block", Depth)) + new string(')', Depth) + ")";
        Assert.InRange(Wat.ToBinary(text, NoNames).Length, 3 * Depth, (3 * Depth) + 64);
    }
}
