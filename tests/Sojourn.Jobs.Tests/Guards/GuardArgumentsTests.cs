using Sojourn.Protocol.Guards;
using Sojourn.Testing;

namespace Sojourn.Jobs.Tests.Guards;

public sealed class GuardArgumentsTests
{
    private static byte[] Module => File.ReadAllBytes(Path.Combine(Vectors.Checkout, "guests", "guards", "min-group-size.wasm"));

    [Theory]
    [InlineData("20")]
    [InlineData("a", "", "ü b")]
    public void What_is_embedded_is_read_again(params string[] arguments) => Assert.Equal(arguments, GuardArguments.Read(GuardArguments.Embed(Module, arguments)).ToArray());

    [Fact]
    public void A_long_argument_needs_a_longer_length() => Assert.Equal(new string('x', 70_000), Assert.Single(GuardArguments.Read(GuardArguments.Embed(Module, [new string('x', 70_000)]))));

    [Fact]
    public void A_module_without_arguments_has_none() => Assert.Empty(GuardArguments.Read(Module));

    [Fact]
    public void A_cut_module_gives_none_and_never_fails()
    {
        var module = GuardArguments.Embed(Module, ["20"]);
        for (var i = 0; i < module.Length; i++)
        {
            Assert.Empty(GuardArguments.Read(module.AsSpan(0, i)));
        }
    }
}
