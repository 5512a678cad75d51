namespace Sojourn.Cli;

/// <summary>Where things lie on this machine.</summary>
internal static class Places
{
    /// <summary>State of nodes, networks and stores: <c>SOJOURN_HOME</c>, else <c>sojourn</c> in the XDG data folder.</summary>
    /// <remarks>XDG Base Directory Specification: <c>XDG_DATA_HOME</c>, else <c>~/.local/share</c>.</remarks>
    public static string StateFolder =>
        Named("SOJOURN_HOME") ?? Path.Combine(Named("XDG_DATA_HOME") ?? Path.Combine(Home, ".local", "share"), "sojourn");

    /// <summary>The published enclave: <c>SOJOURN_ENCLAVE</c>, else the folder <c>enclave</c> beside the command line's own.</summary>
    public static string EnclaveFolder =>
        Named("SOJOURN_ENCLAVE") ?? Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "..", "enclave"));

    /// <summary>The checkout that the command was started from, or null.</summary>
    public static string? Checkout => Named("SOJOURN_CHECKOUT");

    private static string Home => Named("HOME") ?? Environment.CurrentDirectory;

    private static string? Named(string variable) => Environment.GetEnvironmentVariable(variable) is { Length: > 0 } value ? value : null;
}
