using System.Text;

namespace Sojourn.Attestation.Tests;

internal static class Bindings
{
    public static JobBinding Sample() => new()
    {
        Genesis = Named("genesis"),
        Beacon = Named("beacon"),
        JobId = Named("job"),
        Executor = Named("executor").AsMemory(0, 20),
        Round = 0,
        PolicyCids = [Named("policy b"), Named("policy a")],
        HpkeKey = Named("hpke"),
        ReceiptKey = Named("receipt"),
    };

    public static byte[] Named(string name) => System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes(name));
}

internal sealed class FixedClock(DateTimeOffset now) : TimeProvider
{
    public DateTimeOffset Now { get; set; } = now;

    public override DateTimeOffset GetUtcNow() => Now;
}
