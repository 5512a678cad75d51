using System.Diagnostics;
using Sojourn.Protocol.EnclaveChannel;

namespace Sojourn.Node.Enclaves;

/// <summary>One enclave process, from its start to its end.</summary>
public sealed class EnclaveProcess : IAsyncDisposable
{
    private readonly Process _process;

    private EnclaveProcess(Process process)
    {
        _process = process;
        Channel = new AsyncChannel(process.StandardOutput.BaseStream, process.StandardInput.BaseStream);
    }

    /// <summary>The conversation with it.</summary>
    public AsyncChannel Channel { get; }

    /// <summary>The operating system's number of the process that was started (bubblewrap's, where there is one).</summary>
    public int ProcessId => _process.Id;

    /// <summary>Whether it has ended.</summary>
    public bool HasExited => _process.HasExited;

    /// <summary>Starts an enclave with an empty environment.</summary>
    /// <param name="image">Its files.</param>
    /// <param name="sandbox">What it is cut off by.</param>
    /// <param name="bubblewrap">The full path of bubblewrap, where it is used.</param>
    /// <param name="processors">Processors that it may use, such as <c>0-3</c>; null for all.</param>
    /// <returns>The running process; it says nothing until its first frame.</returns>
    public static EnclaveProcess Start(EnclaveImage image, EnclaveSandbox sandbox, string? bubblewrap, string? processors = null)
    {
        var start = new ProcessStartInfo
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        if (sandbox == EnclaveSandbox.Bubblewrap)
        {
            start.FileName = bubblewrap ?? throw new ArgumentNullException(nameof(bubblewrap));
            foreach (var argument in BubblewrapArguments(image))
            {
                start.ArgumentList.Add(argument);
            }
        }
        else
        {
            start.FileName = Path.Combine(image.Folder, EnclaveImage.Executable);
        }

        if (processors is not null)
        {
            // The affinity is inherited by everything that starts below.
            start.ArgumentList.Insert(0, start.FileName);
            start.ArgumentList.Insert(0, processors);
            start.ArgumentList.Insert(0, "-c");
            start.FileName = "/usr/bin/taskset";
        }

        // The diagnostics port can be shut by a variable alone; the enclave refuses every other one of the runtime.
        start.Environment.Clear();
        start.Environment["DOTNET_EnableDiagnostics"] = "0";
        return new EnclaveProcess(EnclaveLauncher.Start(start));
    }

    /// <summary>The tail of what it wrote to standard error; call after it ended.</summary>
    /// <param name="cancel">Stops waiting.</param>
    public async Task<string> ReadErrorAsync(CancellationToken cancel)
    {
        var text = await _process.StandardError.ReadToEndAsync(cancel).ConfigureAwait(false);
        return text.Length <= 2000 ? text : text[^2000..];
    }

    /// <summary>Kills the process and everything in its namespace, and waits for its end.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            // It alone: bubblewrap takes its namespace along (--die-with-parent), and the enclave may start nothing. To look for descendants is to read all of /proc, for tens of milliseconds.
            if (!_process.HasExited)
            {
                _process.Kill();
            }

            await _process.WaitForExitAsync().ConfigureAwait(false);
        }
        catch (InvalidOperationException)
        {
            // It was gone already.
        }

        _process.Dispose();
    }

    /// <summary>The arguments that give an enclave its own files, the few system libraries it needs, and nothing else.</summary>
    /// <param name="image">The enclave's files.</param>
    internal static IEnumerable<string> BubblewrapArguments(EnclaveImage image)
    {
        yield return "--unshare-all";
        yield return "--die-with-parent";
        yield return "--new-session";
        yield return "--cap-drop";
        yield return "ALL";
        foreach (var (from, to) in Mounts(image))
        {
            yield return "--ro-bind";
            yield return from;
            yield return to;
        }

        foreach (var argument in (string[])["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--chdir", "/", "--hostname", "enclave", "/enclave/" + EnclaveImage.Executable])
        {
            yield return argument;
        }
    }

    private static IEnumerable<(string From, string To)> Mounts(EnclaveImage image)
    {
        yield return (image.Folder, "/enclave");
        if (!image.IsWhole)
        {
            foreach (var path in SystemLibraries.Find())
            {
                yield return (path, path);
            }

            yield break;
        }

        foreach (var folder in Directory.EnumerateDirectories(Path.Combine(image.Folder, EnclaveImage.SystemFolder)).Order(StringComparer.Ordinal))
        {
            yield return (folder, "/" + Path.GetFileName(folder));
        }
    }
}
