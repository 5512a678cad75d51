using Sojourn.Enclave.Tests.Harness;
using Sojourn.Hosting.Keys;
using Sojourn.Primitives;
using Sojourn.Protocol.Jobs;
using Sojourn.Protocol.Transactions;
using Sojourn.Wasm.Text;

namespace Sojourn.Enclave.Tests.Guests;

/// <summary>A data owner trusts an app's owner. What passes for that owner's code, and what does not: the enclave holds to it by itself, whatever keepers have released.</summary>
public sealed class CodeOwnershipTests
{
    private static readonly byte[] Other = Wat.ToBinary("""(module (memory (export "memory") 1) (func (export "_start")))""");

    [Fact]
    public void The_owners_listed_module_sees_the_data()
    {
        using var scene = new Scene();
        scene.Code = scene.VouchedCode(CopyGuest.Module);
        Assert.NotNull(RunOn(scene, TrustingData(scene, scene.Owner.Address)).Outcome);
    }

    [Fact]
    public void Other_code_under_the_true_policy_does_not()
    {
        using var scene = new Scene();
        var real = scene.VouchedCode(CopyGuest.Module);
        scene.Code = scene.CodeUnder(scene.PolicyOf(real), Other);
        Refused(RunOn(scene, TrustingData(scene, scene.Owner.Address)));
    }

    [Fact]
    public void The_true_code_under_a_strangers_policy_does_not()
    {
        using var scene = new Scene();
        using var stranger = PartyKeys.Generate("stranger");
        scene.Code = scene.VouchedCode(CopyGuest.Module, stranger);
        Refused(RunOn(scene, TrustingData(scene, scene.Owner.Address)));
    }

    [Fact]
    public void A_policy_that_lists_nothing_or_something_else_answers_for_nothing()
    {
        using var scene = new Scene();
        scene.Code = scene.VouchedCode(CopyGuest.Module, listed: _ => []);
        Refused(RunOn(scene, TrustingData(scene, scene.Owner.Address)));
        scene.Code = scene.VouchedCode(CopyGuest.Module, listed: _ => [Cid.ForRaw("another body"u8)]);
        Refused(RunOn(scene, TrustingData(scene, scene.Owner.Address)));
    }

    [Fact]
    public void Plain_code_is_nobodys()
    {
        using var scene = new Scene();
        scene.Code = scene.Plain(CopyGuest.Module);
        Refused(RunOn(scene, TrustingData(scene, scene.Owner.Address)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_library_that_the_data_owner_did_not_name_sees_nothing(bool granted)
    {
        using var scene = new Scene();
        scene.Code = scene.SealedCode(CopyGuest.Module);
        var data = scene.SealedData([1, 2, 3]);
        scene.Spec = new JobSpec
        {
            Name = "linked",
            Inputs = [new JobInput("data", data, true)],
            Libraries = [new JobLibrary("spy", scene.Plain(Other), granted ? ["data"] : [], granted)],
        };
        Refused(new Host(scene).Run());
    }

    [Fact]
    public void A_library_of_the_trusted_owner_may_be_linked_and_a_forged_one_not()
    {
        using var scene = new Scene();
        scene.Code = scene.VouchedCode(CopyGuest.Module);
        var data = TrustingData(scene, scene.Owner.Address);
        var library = scene.VouchedCode(Other);
        foreach (var (module, runs) in new[] { (library, true), (scene.CodeUnder(scene.PolicyOf(library), [.. Other, 0, 2, 1, 0x78]), false) })
        {
            scene.Spec = new JobSpec { Name = "linked", Inputs = [new JobInput("data", data, true)], Libraries = [new JobLibrary("lib", module, [], false)] };
            var ending = new Host(scene).Run();
            Assert.True(runs == ending.Outcome is not null, ending.Refusal?.Words);
        }
    }

    [Fact]
    public void Sealed_code_cannot_be_taken_as_data()
    {
        using var scene = new Scene();
        var secret = scene.SealedCode(CopyGuest.Module);
        scene.Code = scene.Plain(CopyGuest.Module);
        scene.Spec = new JobSpec { Name = "copy the code", Inputs = [new JobInput("stream", secret, true)] };
        Refused(new Host(scene).Run());
        scene.Code = secret;
        Refused(new Host(scene).Run());
    }

    private static Cid TrustingData(Scene scene, Address owner) => scene.SealedData([1, 2, 3], policy => policy with { Code = [], AppOwners = [owner] });

    private static Ending RunOn(Scene scene, Cid data)
    {
        scene.Spec = new JobSpec { Name = "trust", Inputs = [new JobInput("data", data, true)] };
        return new Host(scene).Run();
    }

    private static void Refused(Ending ending)
    {
        Assert.Null(ending.Outcome);
        Assert.Equal(FailReason.PolicyRefused, ending.Refusal!.Reason);
    }
}
