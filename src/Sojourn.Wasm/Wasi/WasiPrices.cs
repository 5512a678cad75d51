namespace Sojourn.Wasm.Wasi;

/// <summary>
/// What calls of the system interface cost in fuel, beyond the instruction that makes them: work that the host does for a guest is charged to the guest, or a loop of calls
/// would be nearly free. Charged before or after the work, always the same for the same calls, so counts agree on every machine.
/// </summary>
/// <param name="Call">Fuel of each call.</param>
/// <param name="Byte">Fuel of each byte read or written, as a number of 1/16.</param>
/// <param name="RandomByte">Fuel of each random byte.</param>
public sealed record WasiPrices(int Call, int Byte, int RandomByte)
{
    /// <summary>Nothing.</summary>
    public static WasiPrices Free { get; } = new(0, 0, 0);

    /// <summary>About what the same time would cost in instructions.</summary>
    /// <value>200 a call, a quarter of a unit a byte, 16 a random byte.</value>
    public static WasiPrices Default { get; } = new(200, 4, 16);
}
