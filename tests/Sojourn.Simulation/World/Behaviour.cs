namespace Sojourn.Simulation.World;

/// <summary>How a node behaves.</summary>
public enum Behaviour
{
    /// <summary>By the rules.</summary>
    Honest,

    /// <summary>Gives a wrong result of its own.</summary>
    WrongResult,

    /// <summary>Gives the coalition's wrong result, accepts the coalition's bad evidence, rejects what others show.</summary>
    Colluder,

    /// <summary>Accepts everything without looking; cannot open an appraisal.</summary>
    LazyVerifier,

    /// <summary>Copies another's vote, salted digest and all.</summary>
    VoteCopier,

    /// <summary>Copies another's commitment.</summary>
    ResultCopier,

    /// <summary>Commits and never reveals.</summary>
    Withholder,

    /// <summary>Signs two contradictory messages.</summary>
    Equivocator,

    /// <summary>Enters draws and then does nothing.</summary>
    Silent,

    /// <summary>Claims inputs that it does not hold.</summary>
    LocalityLiar,

    /// <summary>Sends forged tickets, foreign messages and rubbish.</summary>
    Flooder,

    /// <summary>Its enclave is broken and its evidence genuine: it gives the coalition's wrong result and lets the coalition's results pass the checker.</summary>
    BrokenEnclave,

    /// <summary>As a verifier it votes, and keeps silent when results are to be judged by the checker.</summary>
    SilentJudge,

    /// <summary>As a verifier it votes, and judges that every result is bad.</summary>
    RejectingJudge,
}

/// <summary>How a keeper behaves.</summary>
public enum KeeperHabit
{
    /// <summary>Releases to the admitted.</summary>
    Honest,

    /// <summary>Refuses everybody.</summary>
    Denies,

    /// <summary>Says nothing.</summary>
    Silent,

    /// <summary>Tries to release to whoever was drawn, admitted or not, under any admission.</summary>
    Eager,
}
