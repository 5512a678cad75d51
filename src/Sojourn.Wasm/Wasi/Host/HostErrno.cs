namespace Sojourn.Wasm.Wasi;

/// <summary>Linux's errno to WASI's.</summary>
internal static class HostErrno
{
    public static Errno Last() => From(Libc.LastError);

    public static Errno From(int errno) => errno switch
    {
        0 => Errno.Success,
        1 => Errno.Perm,
        2 => Errno.NoEnt,
        4 => Errno.Intr,
        5 => Errno.Io,
        6 => Errno.NxIo,
        7 => Errno.TooBig,
        9 => Errno.BadF,
        11 => Errno.Again,
        12 => Errno.NoMem,
        13 => Errno.Acces,
        16 => Errno.Busy,
        17 => Errno.Exist,
        18 => Errno.XDev,
        19 => Errno.NoDev,
        20 => Errno.NotDir,
        21 => Errno.IsDir,
        22 => Errno.Inval,
        23 => Errno.NFile,
        24 => Errno.MFile,
        25 => Errno.NoTty,
        26 => Errno.TxtBsy,
        27 => Errno.FBig,
        28 => Errno.NoSpc,
        29 => Errno.SPipe,
        30 => Errno.RoFs,
        31 => Errno.MLink,
        32 => Errno.Pipe,
        36 => Errno.NameTooLong,
        38 => Errno.NoSys,
        39 => Errno.NotEmpty,
        40 => Errno.Loop,
        75 => Errno.Overflow,
        84 => Errno.IlSeq,
        95 => Errno.NotSup,
        116 => Errno.Stale,
        122 => Errno.DQuot,
        _ => Errno.Io,
    };
}
