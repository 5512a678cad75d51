namespace Sojourn.Cli.Node;

/// <summary>The file that <c>sojourn node init</c> writes: every setting, with its default, said in a line.</summary>
internal static class NodeTemplate
{
    /// <summary>The text.</summary>
    public static string Text(string name, Uri ledger, Uri dropBox) => $"""
        # A node of Sojourn. Paths are relative to this file; unknown keys are refused.
        Name: {name}
        Keys: keys                     # account, VRF key, sealing key; readable by you alone
        State: state                   # blocks, results, votes, journal
        Ledger:                        # the first that answers is asked
          - {ledger}
        DropBox:                       # gateways that take uploads
          - {dropBox}
        # Genesis: 64 digits           # refuse any other ledger
        # Gateways: [https://…]        # where else content may be fetched
        Listen: none                   # or address:port, to serve what you hold
        # PublicGateway: https://…     # the address that others reach it at
        Stake: 10000
        Proof: simulated               # or software-tpm (development ledgers, both); with Enrolment: FILE
        Isolation: required            # best-effort: development ledgers only
        WarmEnclaves: 1                # started ahead: latency against memory
        Grace: 60s                     # what running jobs get when the node is asked to end
        # Holds: [CID, …]              # what you hold, and say so
        Limits:
          Execute: true
          Verify: true
          Jobs: 2                      # at once
          Memory: 4GiB                 # for one job
          # Fuel: 100000000000         # for one job
          # Disk: 100GiB               # all that the node keeps
          DiskFree: 256MiB             # what must stay free
          # FetchedPerDay: 20GB
          # FetchedPerSecond: 10MB
          # Processors: 0-3            # for enclaves
          # Hours: [8-18]              # UTC; 22-6 goes over midnight
          # Requesters: [0x…]          # only these
          # RefusedRequesters: [0x…]
          # Programs: [CID]            # only these
          # RefusedContents: [CID]
        Price:
          PerJob: 0
          PerGigafuel: 0
          PayMin: 0

        """;
}
