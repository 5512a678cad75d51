namespace Sojourn.Wasm.Wasi;

/// <content>The functions under the names guests import them by.</content>
public sealed unsafe partial class WasiPreview1
{
    /// <summary>Offers the 46 functions to the modules of a linker. They work on the memory of the instance that calls.</summary>
    /// <param name="linker">The linker.</param>
    /// <param name="moduleName">The name to offer them under; default <see cref="ModuleName"/>.</param>
    public void DefineIn(Linker linker, string moduleName = ModuleName)
    {
        ArgumentNullException.ThrowIfNull(linker);
        ArgumentException.ThrowIfNullOrEmpty(moduleName);

        Define("args_get", (Caller c, uint pointers, uint buffer) => (int)ArgsGet(Guest(c), pointers, buffer));
        Define("args_sizes_get", (Caller c, uint count, uint size) => (int)ArgsSizesGet(Guest(c), count, size));
        Define("environ_get", (Caller c, uint pointers, uint buffer) => (int)EnvironGet(Guest(c), pointers, buffer));
        Define("environ_sizes_get", (Caller c, uint count, uint size) => (int)EnvironSizesGet(Guest(c), count, size));
        Define("clock_res_get", (Caller c, uint id, uint result) => (int)ClockResGet(Guest(c), id, result));
        Define("clock_time_get", (Caller c, uint id, ulong _, uint result) => (int)ClockTimeGet(Guest(c), id, result));
        Define("fd_advise", (Caller c, uint fd, ulong offset, ulong length, uint advice) => (int)Paid(c, FdAdvise(fd, offset, length, advice)));
        Define("fd_allocate", (Caller c, uint fd, ulong offset, ulong length) => (int)Paid(c, FdAllocate(fd, offset, length)));
        Define("fd_close", (Caller c, uint fd) => (int)Paid(c, FdClose(fd)));
        Define("fd_datasync", (Caller c, uint fd) => (int)Paid(c, FdDatasync(fd)));
        Define("fd_fdstat_get", (Caller c, uint fd, uint result) => (int)FdFdstatGet(Guest(c), fd, result));
        Define("fd_fdstat_set_flags", (Caller c, uint fd, uint flags) => (int)Paid(c, FdFdstatSetFlags(fd, flags)));
        Define("fd_fdstat_set_rights", (Caller c, uint fd, ulong rights, ulong inheriting) => (int)Paid(c, FdFdstatSetRights(fd, rights, inheriting)));
        Define("fd_filestat_get", (Caller c, uint fd, uint result) => (int)FdFilestatGet(Guest(c), fd, result));
        Define("fd_filestat_set_size", (Caller c, uint fd, ulong size) => (int)Paid(c, FdFilestatSetSize(fd, size)));
        Define("fd_filestat_set_times", (Caller c, uint fd, ulong access, ulong modify, uint flags) => (int)Paid(c, FdFilestatSetTimes(fd, access, modify, flags)));
        Define("fd_pread", (Caller c, uint fd, uint vectors, uint count, ulong offset, uint result) =>
            (int)Moved(c, FdPread(Guest(c), fd, vectors, count, offset, result), result));
        Define("fd_prestat_get", (Caller c, uint fd, uint result) => (int)FdPrestatGet(Guest(c), fd, result));
        Define("fd_prestat_dir_name", (Caller c, uint fd, uint buffer, uint length) => (int)FdPrestatDirName(Guest(c), fd, buffer, length));
        Define("fd_pwrite", (Caller c, uint fd, uint vectors, uint count, ulong offset, uint result) =>
            (int)Moved(c, FdPwrite(Guest(c), fd, vectors, count, offset, result), result));
        Define("fd_read", (Caller c, uint fd, uint vectors, uint count, uint result) =>
        {
            try
            {
                return (int)Moved(c, FdRead(Guest(c), fd, vectors, count, result), result);
            }
            catch (OperationCanceledException e)
            {
                throw Interrupted(e);
            }
        });
        Define("fd_readdir", (Caller c, uint fd, uint buffer, uint length, ulong cookie, uint result) =>
            (int)Moved(c, FdReaddir(Guest(c), fd, buffer, length, cookie, result), result));
        Define("fd_renumber", (Caller c, uint from, uint to) => (int)Paid(c, FdRenumber(from, to)));
        Define("fd_seek", (Caller c, uint fd, long offset, uint whence, uint result) => (int)FdSeek(Guest(c), fd, offset, whence, result));
        Define("fd_sync", (Caller c, uint fd) => (int)Paid(c, FdSync(fd)));
        Define("fd_tell", (Caller c, uint fd, uint result) => (int)FdTell(Guest(c), fd, result));
        Define("fd_write", (Caller c, uint fd, uint vectors, uint count, uint result) =>
        {
            try
            {
                return (int)Moved(c, FdWrite(Guest(c), fd, vectors, count, result), result);
            }
            catch (OperationCanceledException e)
            {
                throw Interrupted(e);
            }
        });
        Define("path_create_directory", (Caller c, uint fd, uint path, uint length) => (int)PathCreateDirectory(Guest(c), fd, path, length));
        Define("path_filestat_get", (Caller c, uint fd, uint flags, uint path, uint length, uint result) =>
            (int)PathFilestatGet(Guest(c), fd, flags, path, length, result));
        Define("path_filestat_set_times", (Caller c, uint fd, uint flags, uint path, uint length, ulong access, ulong modify, uint timeFlags) =>
            (int)PathFilestatSetTimes(Guest(c), fd, flags, path, length, access, modify, timeFlags));
        Define("path_link", (Caller c, uint oldFd, uint oldFlags, uint oldPath, uint oldLength, uint newFd, uint newPath, uint newLength) =>
            (int)PathLink(Guest(c), oldFd, oldFlags, oldPath, oldLength, newFd, newPath, newLength));
        Define(
            "path_open",
            (Caller c, uint fd, uint lookup, uint path, uint length, uint flags, ulong rights, ulong inheriting, uint fdFlags, uint result) =>
                (int)PathOpen(Guest(c), fd, lookup, path, length, flags, rights, inheriting, fdFlags, result));
        Define("path_readlink", (Caller c, uint fd, uint path, uint length, uint buffer, uint bufferLength, uint result) =>
            (int)PathReadlink(Guest(c), fd, path, length, buffer, bufferLength, result));
        Define("path_remove_directory", (Caller c, uint fd, uint path, uint length) => (int)PathRemoveDirectory(Guest(c), fd, path, length));
        Define("path_rename", (Caller c, uint fd, uint oldPath, uint oldLength, uint newFd, uint newPath, uint newLength) =>
            (int)PathRename(Guest(c), fd, oldPath, oldLength, newFd, newPath, newLength));
        Define("path_symlink", (Caller c, uint oldPath, uint oldLength, uint fd, uint newPath, uint newLength) =>
            (int)PathSymlink(Guest(c), oldPath, oldLength, fd, newPath, newLength));
        Define("path_unlink_file", (Caller c, uint fd, uint path, uint length) => (int)PathUnlinkFile(Guest(c), fd, path, length));
        Define("poll_oneoff", (Caller c, uint subscriptions, uint events, uint count, uint result) =>
        {
            try
            {
                return (int)PollOneoff(Guest(c), subscriptions, events, count, result);
            }
            catch (OperationCanceledException e)
            {
                throw Interrupted(e);
            }
        });
        Define("proc_exit", (uint code) => ProcExit(code));
        Define("proc_raise", (Caller c, uint signal) => (int)Paid(c, ProcRaise(signal)));
        Define("sched_yield", (Caller c) => (int)Paid(c, SchedYield()));
        Define("random_get", (Caller c, uint buffer, uint length) =>
        {
            try
            {
                var memory = Guest(c);
                Charge(c.Store, memory.Contains(buffer, length) ? (long)length * _prices.RandomByte : 0);
                return (int)RandomGet(memory, buffer, length);
            }
            catch (OperationCanceledException e)
            {
                throw Interrupted(e);
            }
        });
        Define("sock_accept", (Caller c, uint fd, uint flags, uint result) =>
        {
            try
            {
                return (int)SockAccept(Guest(c), fd, flags, result);
            }
            catch (OperationCanceledException e)
            {
                throw Interrupted(e);
            }
        });
        Define("sock_recv", (Caller c, uint fd, uint vectors, uint count, uint flags, uint resultLength, uint resultFlags) =>
        {
            try
            {
                return (int)SockRecv(Guest(c), fd, vectors, count, flags, resultLength, resultFlags);
            }
            catch (OperationCanceledException e)
            {
                throw Interrupted(e);
            }
        });
        Define("sock_send", (Caller c, uint fd, uint vectors, uint count, uint flags, uint result) =>
        {
            try
            {
                return (int)SockSend(Guest(c), fd, vectors, count, flags, result);
            }
            catch (OperationCanceledException e)
            {
                throw Interrupted(e);
            }
        });
        Define("sock_shutdown", (Caller c, uint fd, uint how) => (int)Paid(c, SockShutdown(fd, how)));

        void Define(string name, Delegate function) => linker.DefineFunction(moduleName, name, function);
    }

    /// <summary>Runs a command module: its <c>_start</c>, as WASI's application interface demands.</summary>
    /// <param name="instance">An instance that was linked with these functions.</param>
    /// <returns>The exit code; 0 when the program returned.</returns>
    /// <exception cref="TrapException">The program trapped.</exception>
    /// <exception cref="MissingMethodException">The module exports no function <c>_start</c> without parameters and results.</exception>
    public static int Run(Instance instance)
    {
        ArgumentNullException.ThrowIfNull(instance);
        var start = instance.GetFunction("_start")
            ?? throw new MissingMethodException("The module is no WASI command: it exports no function '_start'.");
        if (start.Type.Parameters.Length != 0 || start.Type.Results.Length != 0)
        {
            throw new MissingMethodException($"The module is no WASI command: its '_start' is {start.Type}.");
        }

        try
        {
            start.Invoke();
            return 0;
        }
        catch (WasiExitException exit)
        {
            return exit.ExitCode;
        }
    }

    private GuestMemory Guest(Caller caller)
    {
        Charge(caller.Store, _prices.Call);
        var memory = caller.Memory;
        return new GuestMemory(memory.Base, memory.ByteLength);
    }

    private Errno Paid(Caller caller, Errno answer)
    {
        Charge(caller.Store, _prices.Call);
        return answer;
    }

    private Errno Moved(Caller caller, Errno answer, uint result)
    {
        if (answer == Errno.Success)
        {
            var memory = caller.Memory;
            Charge(caller.Store, (long)new GuestMemory(memory.Base, memory.ByteLength).ReadU32(result) * _prices.Byte / 16);
        }

        return answer;
    }

    private static void Charge(Store store, long fuel)
    {
        if (fuel == 0)
        {
            return;
        }

        store.Fuel -= fuel;
        if (store.Fuel < 0)
        {
            store.Fuel = 0;
            throw new TrapException(TrapKind.FuelExhausted, "The fuel did not last for a call of the system interface.");
        }
    }

    private static TrapException Interrupted(OperationCanceledException cause) =>
        new(TrapKind.Interrupted, "The host interrupted the program while it waited.", cause);
}
