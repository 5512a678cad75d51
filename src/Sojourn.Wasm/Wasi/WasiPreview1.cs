using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Sojourn.Wasm.Wasi;

/// <summary>The host side of <c>wasi_snapshot_preview1</c> for one guest: its descriptors and the capabilities it was handed.</summary>
/// <remarks>All 46 functions. Deny by default: what <see cref="WasiOptions"/> does not hand in, the guest does not have. Every pointer and length
/// of the guest is checked (<c>EFAULT</c>) before anything happens. One object serves one instance at a time.
/// <see href="https://github.com/WebAssembly/WASI/blob/wasi-0.1/preview1/docs.md">WASI preview 1</see>.</remarks>
public sealed partial class WasiPreview1 : IDisposable
{
    /// <summary>The module name guests import the functions from.</summary>
    public const string ModuleName = "wasi_snapshot_preview1";

    private const uint IoVectorsMax = 1024;

    private DescriptorTable _descriptors;
    private byte[][] _arguments;
    private byte[][] _environment;
    private WasiClock? _clock;
    private WasiRandom? _random;
    private WasiLimits _limits;
    private WasiPrices _prices;
    private CancellationToken _cancellation;

    /// <summary>Opens what the options hand in.</summary>
    /// <param name="options">The capabilities. Later changes to them have no effect.</param>
    /// <exception cref="ArgumentException">An argument or a variable holds a NUL, or a name an equals sign.</exception>
    /// <exception cref="IOException">A directory cannot be opened.</exception>
    public WasiPreview1(WasiOptions options) => Open(options);

    /// <summary>Closes everything and begins anew with what other options hand in: for an instance that a pool lends out again.</summary>
    /// <param name="options">The capabilities. Later changes to them have no effect.</param>
    /// <exception cref="ArgumentException">An argument or a variable holds a NUL, or a name an equals sign.</exception>
    /// <exception cref="IOException">A directory cannot be opened.</exception>
    public void Restart(WasiOptions options)
    {
        _descriptors.Dispose();
        Open(options);
    }

    [MemberNotNull(nameof(_descriptors), nameof(_arguments), nameof(_environment), nameof(_limits), nameof(_prices))]
    private void Open(WasiOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _arguments = [.. options.Arguments.Select(argument => ToGuest(argument, nameof(options)))];
        _environment = [.. options.Environment.Select(variable => ToGuest(Variable(variable), nameof(options)))];
        _clock = options.Clock;
        _random = options.Random;
        _limits = options.Limits;
        _prices = options.Prices;
        _cancellation = options.Cancellation;
        _descriptors = new DescriptorTable(Math.Max(_limits.DescriptorsMax, 3 + options.Directories.Count + options.Sockets.Count));

        var budget = new OutputBudget(_limits.OutputBytesMax);
        const Rights Common = Rights.FdFdstatSetFlags | Rights.FdFilestatGet | Rights.PollFdReadwrite;
        Add(new Descriptor(new StreamHandle(options.StandardInput, 0, budget: null), Common | Rights.FdRead, Rights.None));
        Add(new Descriptor(new StreamHandle(options.StandardOutput, 1, budget), Common | Rights.FdWrite, Rights.None));
        Add(new Descriptor(new StreamHandle(options.StandardError, 2, budget), Common | Rights.FdWrite, Rights.None));
        foreach (var (guestPath, directory) in options.Directories)
        {
            Add(new Descriptor(directory.Open(_clock), Rights.Directory, Rights.Directory | Rights.RegularFile)
            {
                PreopenName = Encoding.UTF8.GetBytes(guestPath),
                IsReadOnly = directory.IsReadOnly,
            });
        }

        foreach (var socket in options.Sockets)
        {
            var handle = socket.Open();
            Add(new Descriptor(handle, handle.ApplicableRights, handle is ListenerHandle ? Rights.Socket : Rights.None));
        }
    }

    /// <summary>Closes the guest's descriptors. Streams handed in stay open, sockets do not.</summary>
    public void Dispose() => _descriptors.Dispose();

    private void Add(Descriptor descriptor)
    {
        if (!_descriptors.TryAdd(descriptor, out _))
        {
            throw new InvalidOperationException("The descriptor table is smaller than what it must hold.");
        }
    }

    private Errno Find(uint fd, Rights needed, out Descriptor descriptor)
    {
        descriptor = _descriptors[fd]!;
        return descriptor is null ? Errno.BadF : (needed & ~descriptor.Rights) != 0 ? Errno.NotCapable : Errno.Success;
    }

    private Errno FindDirectory(uint fd, Rights needed, out Descriptor descriptor, out DirectoryHandle directory)
    {
        directory = null!;
        descriptor = _descriptors[fd]!;
        if (descriptor is null)
        {
            return Errno.BadF;
        }

        if (descriptor.Handle is not DirectoryHandle found)
        {
            return Errno.NotDir;
        }

        directory = found;
        return (needed & ~descriptor.Rights) != 0 ? Errno.NotCapable : Errno.Success;
    }

    private static byte[] ToGuest(string text, string name)
    {
        WasiOptions.RequireNoNul(text, name);
        return Encoding.UTF8.GetBytes(text + "\0");
    }

    private static string Variable(KeyValuePair<string, string> variable) =>
        string.IsNullOrEmpty(variable.Key) || variable.Key.Contains('=', StringComparison.Ordinal)
            ? throw new ArgumentException($"'{variable.Key}' cannot name an environment variable.", nameof(variable))
            : $"{variable.Key}={variable.Value}";
}
