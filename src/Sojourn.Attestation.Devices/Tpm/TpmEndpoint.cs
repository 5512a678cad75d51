using System.Globalization;

namespace Sojourn.Attestation.Devices.Tpm;

/// <summary>Where a TPM is: <c>device:/dev/tpmrm0</c>, <c>tcp:127.0.0.1:2321</c> or <c>unix:/run/swtpm.sock</c>.</summary>
public sealed record TpmEndpoint
{
    private readonly string kind;
    private readonly string address;
    private readonly int port;

    private TpmEndpoint(string kind, string address, int port)
    {
        this.kind = kind;
        this.address = address;
        this.port = port;
    }

    /// <summary>The device of a Linux machine, with the kernel's resource manager.</summary>
    public static TpmEndpoint Default { get; } = new("device", "/dev/tpmrm0", 0);

    /// <summary>Reads an endpoint; a bare path is a device.</summary>
    /// <param name="text">As in the summary.</param>
    /// <param name="endpoint">The endpoint, or null.</param>
    public static bool TryParse(string? text, out TpmEndpoint? endpoint)
    {
        endpoint = text switch
        {
            null or "" => null,
            ['/', ..] => new TpmEndpoint("device", text, 0),
            _ when text.StartsWith("device:/", StringComparison.Ordinal) => new TpmEndpoint("device", text[7..], 0),
            _ when text.StartsWith("unix:", StringComparison.Ordinal) && text.Length > 5 => new TpmEndpoint("unix", text[5..], 0),
            _ when text.StartsWith("tcp:", StringComparison.Ordinal) && text.LastIndexOf(':') is > 4 and var colon
                && int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is > 0 and < 65_536
                => new TpmEndpoint("tcp", text[4..colon], number),
            _ => null,
        };
        return endpoint is not null;
    }

    /// <summary>Makes a transport to it; it connects at the first command.</summary>
    public ITpmTransport Open() => kind switch
    {
        "tcp" => StreamTpmTransport.Tcp(address, port),
        "unix" => StreamTpmTransport.Unix(address),
        _ => new DeviceTpmTransport(address),
    };

    /// <summary>As it is read.</summary>
    public override string ToString() => kind == "tcp" ? $"tcp:{address}:{port}" : $"{kind}:{address}";
}
