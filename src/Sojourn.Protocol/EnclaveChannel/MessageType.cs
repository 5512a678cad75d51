namespace Sojourn.Protocol.EnclaveChannel;

/// <summary>What a frame between a node and its enclave carries. Numbers are part of the wire format.</summary>
public enum MessageType : byte
{
    /// <summary>Enclave → node, first: what isolates the process and which engine it runs.</summary>
    Ready = 1,

    /// <summary>Node → enclave: the job and everything it is bound to.</summary>
    Assignment = 2,

    /// <summary>Enclave → node: its fresh public keys and the report data that evidence must carry.</summary>
    Identity = 3,

    /// <summary>Node → enclave: the evidence that was made for that report data.</summary>
    Evidence = 4,

    /// <summary>Node → enclave: the admission and the released keys, each encrypted to the enclave's key.</summary>
    Releases = 5,

    /// <summary>Enclave → node: CIDs of blocks to fetch, in order.</summary>
    BlockRequest = 6,

    /// <summary>Node → enclave: one block, or that it is not to be had; as many as were asked for, in that order.</summary>
    BlockReply = 7,

    /// <summary>Enclave → node: a block of the sealed output.</summary>
    StoreBlock = 8,

    /// <summary>Enclave → node: how far it is.</summary>
    Progress = 9,

    /// <summary>Enclave → node, last: the signed receipt and the result's tag.</summary>
    Outcome = 10,

    /// <summary>Enclave → node, last: why nothing ran.</summary>
    Refused = 11,

    /// <summary>Node → enclave: end now, wipe everything.</summary>
    Abort = 12,

    /// <summary>Node → enclave, in place of an assignment: run the job's checker over a public output.</summary>
    Check = 13,

    /// <summary>Enclave → node, last: what the checker said.</summary>
    Checked = 14,

    /// <summary>Enclave → node: something a person should know of, such as a custodian that lied.</summary>
    Notice = 15,

    /// <summary>Enclave → node: the keys that were handed in are not enough, and why; the node answers with <see cref="Releases"/> again. Only where it said that more may come.</summary>
    KeysAwaited = 16,
}
