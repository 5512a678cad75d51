namespace Sojourn.Enclave;

/// <summary>The entry point of the measured process.</summary>
internal static class Program
{
    private static int Main() => 2;
}
