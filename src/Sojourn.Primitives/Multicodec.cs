namespace Sojourn.Primitives;

/// <summary>Codes of the multicodec table that this project reads or writes.</summary>
/// <remarks>multiformats/multicodec table.csv, tags <c>ipld</c> and <c>serialization</c>.</remarks>
public enum Multicodec : ulong
{
    /// <summary>Plain bytes.</summary>
    Raw = 0x55,

    /// <summary>MerkleDAG protobuf, which carries UnixFS.</summary>
    DagPb = 0x70,

    /// <summary>DAG-CBOR.</summary>
    DagCbor = 0x71,

    /// <summary>The public key of an IPNS name.</summary>
    Libp2pKey = 0x72,

    /// <summary>DAG-JSON.</summary>
    DagJson = 0x0129,

    /// <summary>Plain CBOR without links.</summary>
    Cbor = 0x51,

    /// <summary>Plain JSON without links.</summary>
    Json = 0x0200,
}

/// <summary>Hash functions of the multicodec table that this project knows by name.</summary>
/// <remarks>multiformats/multicodec table.csv, tag <c>multihash</c>. Which of them may name a block is decided where blocks are verified.</remarks>
public enum MultihashCode : ulong
{
    /// <summary>The digest is the data itself.</summary>
    Identity = 0x00,

    /// <summary>SHA-1: broken, known only to be refused by name.</summary>
    Sha1 = 0x11,

    /// <summary>SHA-256 (FIPS 180-4).</summary>
    Sha2_256 = 0x12,

    /// <summary>SHA-512 (FIPS 180-4).</summary>
    Sha2_512 = 0x13,

    /// <summary>SHA3-512 (FIPS 202).</summary>
    Sha3_512 = 0x14,

    /// <summary>SHA3-384 (FIPS 202).</summary>
    Sha3_384 = 0x15,

    /// <summary>SHA3-256 (FIPS 202).</summary>
    Sha3_256 = 0x16,

    /// <summary>Keccak-256, as Ethereum uses it.</summary>
    Keccak256 = 0x1b,

    /// <summary>BLAKE3.</summary>
    Blake3 = 0x1e,

    /// <summary>SHA-384 (FIPS 180-4).</summary>
    Sha2_384 = 0x20,

    /// <summary>BLAKE2b with 32 bytes.</summary>
    Blake2b256 = 0xb220,
}
