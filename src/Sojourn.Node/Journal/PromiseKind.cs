namespace Sojourn.Node.Journal;

/// <summary>What a node promised by saying it, and must not say in two ways.</summary>
internal enum PromiseKind
{
    /// <summary>Nothing; never written.</summary>
    None,

    /// <summary>Evidence of a round may have left: another enclave's would contradict it.</summary>
    Evidence,

    /// <summary>The result of a round, as it was or will be committed to.</summary>
    Result,

    /// <summary>The votes of a round, with the salts that open them.</summary>
    Votes,
}
