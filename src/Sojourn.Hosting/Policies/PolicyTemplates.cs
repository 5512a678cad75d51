namespace Sojourn.Hosting.Policies;

/// <summary>Templates for <c>sojourn policy new</c>; {0} and {1} are the first and last day.</summary>
internal static class PolicyTemplates
{
    public const string Data = """
        # A data owner's policy. What it does not allow is refused.
        Kind: data
        Title: My data
        # Owner: 0x...                # your account; left out, the account that signs
        From: {0}
        Until: {1}

        # Who may ask for a run: accounts, or 'any'.
        Requesters: []

        # Which code may see the data: modules by CID, or every sealed module that a signed policy of these owners lists.
        Code: []
        AppOwners: []

        Proof:
          Level: tee                  # simulated (development only), tpm, tee, tee+tpm
          # Kinds: [sev-snp, tdx]     # left out: any real hardware
          Custody: unknown            # unknown, known-operator, endorsed-data-centre
          Tcb: [UpToDate, SWHardeningNeeded]
          Verifiers: 1                # accepting votes, before your keeper checks for itself
          AgeMax: 1h
          # Regions: [eu]             # the operator's word: eu, eea, europe, uk, ch, us, …, or region-0 to region-63 by agreement
          AnyMeasurement: false
          Measurements: []            # - Name: release-1
                                      #   Values: {{ launch: 0a1b... }}

        Limits:
          Uses: 10
          Draws: 20                   # posts that were drawn for, run or not
          # Period: 7d
          # PeriodUses: 2
          # PeriodOutput: 128KiB

        Output:
          Size: 64KiB
          Recipients: requester       # 'requester', or public keys
          Public: false
          Guards: []                  # modules that may refuse output or strike ranges out

        Price:
          PerUse: 0                   # smallest units
          Shares: []                  # - To: 0x...
                                      #   Parts: 1

        # Pool:                       # many owners of one data set, each with its own key; 'sojourn policy consent' gives a member's word
        #   Members: [0x..., 0x...]
        #   Least: 10

        """;

    public const string App = """
        # An app owner's policy. What it does not allow is refused.
        Kind: app
        Title: My app
        # Owner: 0x...                # your account; left out, the account that signs
        From: {0}
        Until: {1}

        # The sealed modules that you answer for, by their bodies ('sojourn seal' prints them): owners who trust you (AppOwners) trust these.
        Code: []

        # Who may run it: accounts, or 'any'.
        Requesters: any

        Proof:
          Level: tee                  # simulated (development only), tpm, tee, tee+tpm
          Custody: unknown            # unknown, known-operator, endorsed-data-centre
          Verifiers: 1
          AnyMeasurement: false
          Measurements: []            # - Name: release-1
                                      #   Values: {{ launch: 0a1b... }}

        Limits:
          Uses: 1000

        Price:
          PerUse: 0                   # smallest units

        OutputMayRevealCode: false
        GuardedOutput: 4KiB           # the most that may come out where it may not

        """;
}
