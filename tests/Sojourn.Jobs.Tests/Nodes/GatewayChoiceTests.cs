using Sojourn.Hosting.Nodes;
using Sojourn.Primitives;
using Sojourn.Protocol.Terms;
using Sojourn.Protocol.Transactions;
using Sojourn.Protocol.Views;
using Sojourn.Protocol.State;

namespace Sojourn.Jobs.Tests.Nodes;

/// <summary>Nobody crowds honest nodes' gateways out.</summary>
public sealed class GatewayChoiceTests
{
    [Fact]
    public void Nodes_without_stake_crowd_nobody_out_and_low_addresses_do_not_come_first()
    {
        var worthless = Enumerable.Range(0, 500).Select(i => Node(i, 0));
        var honest = Enumerable.Range(500, 200).Select(i => Node(i, 1)).ToArray();
        var chosen = GatewayChoice.Of([.. worthless, .. honest], new Random(1));
        Assert.Equal(GatewayChoice.Max, chosen.Count);
        Assert.All(chosen, gateway => Assert.Contains(honest, node => new Uri(node.Profile.Gateway) == gateway));
        var ever = Enumerable.Range(0, 200).SelectMany(seed => GatewayChoice.Of(honest, new Random(seed))).Distinct().Count();
        Assert.Equal(honest.Length, ever);
    }

    [Fact]
    public void Ones_own_gateway_and_what_is_no_address_are_not_asked()
    {
        var nodes = new[] { Node(1, 1), Node(2, 1), Node(3, 1) with { Profile = new NodeProfile { VrfKey = new byte[33], Chip = default, Gateway = "ftp://3.test" } } };
        Assert.Equal([new Uri("http://2.test/")], GatewayChoice.Of(nodes, new Random(1), new Uri("http://1.test/"), null));
    }

    private static NodeView Node(int number, ulong stake) => new(
        new Address([.. BitConverter.GetBytes(number), .. new byte[16]]), new NodeProfile { VrfKey = new byte[33], Chip = default, Gateway = $"http://{number}.test/" }, 1, 0, new Amount(stake), Amount.Zero, new NodeRecord());
}
