namespace Sojourn.Wasm.Wasi;

/// <summary>Error codes of WASI preview 1, in the order of the specification (type <c>errno</c>).</summary>
internal enum Errno : ushort
{
    Success, TooBig, Acces, AddrInUse, AddrNotAvail, AfNoSupport, Again, Already, BadF, BadMsg, Busy, Canceled, Child,
    ConnAborted, ConnRefused, ConnReset, DeadLk, DestAddrReq, Dom, DQuot, Exist, Fault, FBig, HostUnreach, Idrm, IlSeq,
    InProgress, Intr, Inval, Io, IsConn, IsDir, Loop, MFile, MLink, MsgSize, Multihop, NameTooLong, NetDown, NetReset,
    NetUnreach, NFile, NoBufs, NoDev, NoEnt, NoExec, NoLck, NoLink, NoMem, NoMsg, NoProtoOpt, NoSpc, NoSys, NotConn, NotDir,
    NotEmpty, NotRecoverable, NotSock, NotSup, NoTty, NxIo, Overflow, OwnerDead, Perm, Pipe, Proto, ProtoNoSupport,
    Prototype, Range, RoFs, SPipe, Srch, Stale, TimedOut, TxtBsy, XDev, NotCapable,
}
