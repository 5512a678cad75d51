using System.Collections.Immutable;
using System.CommandLine;
using System.Globalization;
using System.IO.Enumeration;
using Sojourn.Cli.Keys;
using Sojourn.Cli.Output;
using Sojourn.Cli.Running;
using Sojourn.Content;
using Sojourn.Content.Car;
using Sojourn.Cryptography.HybridEncryption;
using Sojourn.Cryptography.Keys;
using Sojourn.Cryptography.Sealing;
using Sojourn.Hosting.Keys;
using Sojourn.Primitives;
using Sojourn.Protocol.Policies;
using Sojourn.Protocol.Sealing;

namespace Sojourn.Cli.Seal;

/// <summary><c>sojourn seal</c> and <c>sojourn open</c>: files and folders to sealed content in a CAR, and back.</summary>
internal static partial class SealCommands
{
    /// <summary><c>sojourn seal</c>.</summary>
    public static Command CreateSeal()
    {
        ErrorRules.Add(KeysCommands.Explain);
        ErrorRules.Add(Explain);
        Argument<string> input = new("input") { Description = "A file or a folder.", HelpName = "FILE|FOLDER" };
        Option<string[]> to = new("--to") { Description = "Who may open it: a key's name here, a file with a public key (PEM, JWK, hex), or hexadecimal digits. May be repeated.", HelpName = "KEY" };
        var shared = new Custody.CustodianOptions();
        Option<string?> sharesFile = new("--shares") { Description = "The file for the custodians' shares (default: the CAR's name and .shares).", HelpName = "FILE" };
        Option<string?> policy = new("--policy") { Description = "A signed policy that travels with the content ('sojourn policy sign').", HelpName = "FILE" };
        Option<string?> file = new("--car") { Description = "The CAR to write.", DefaultValueFactory = _ => null, HelpName = "FILE" };
        Option<bool> exact = new("--exact-size") { Description = "Do not pad: the exact size can then be seen." };
        Option<bool> hide = new("--hide-recipients") { Description = "Leave out the recipients' key identifiers." };
        Option<bool> idOnly = new("--id-only") { Description = "Print the CID alone." };
        var output = OutputOption.Create();
        var command = new Command("seal", "Seal a file or a folder to recipients, as ordinary IPFS content in a CAR.") { input, to, policy, file, exact, hide, sharesFile, idOnly, output };
        shared.AddTo(command);
        command.SetRun(async run =>
        {
            var source = Path.TrimEndingDirectorySeparator(run.Get(input)!);
            var signed = run.Get(policy) is { } path ? ReadPolicy(path) : null;
            var options = new SealingOptions
            {
                Recipients = [.. (run.Get(to) ?? []).Select(FindRecipient)],
                Policy = signed?.Cid,
                Padding = run.Get(exact) ? SizePadding.None : SizePadding.Padme,
                HideRecipients = run.Get(hide),
                Name = Path.GetFileName(source) is { Length: > 0 and <= 80 } name ? name : null,
            };
            var car = run.Get(file) ?? source + ".sealed.car";
            if (File.Exists(car))
            {
                throw new CliException(ExitCode.Usage, $"{car} is there already", "Name another file with --car.");
            }

            var custodians = shared.Of(run);
            if (options.Recipients.Count == 0 && custodians.Count == 0)
            {
                throw new CliException(ExitCode.Usage, "nobody could ever open it", "Name recipients with --to, or custodians with --custodian.");
            }

            var sharesTo = run.Get(sharesFile) ?? car + ".shares";
            if (custodians.Count > 0 && File.Exists(sharesTo))
            {
                throw new CliException(ExitCode.Usage, $"{sharesTo} is there already", "Name another file with --shares.");
            }

            if (custodians.Count > 0 && signed is null)
            {
                run.Warn("custodians release shares under a policy alone: without --policy these serve nothing but recovery");
            }

            var temporary = RegularFiles.Beside(car);
            try
            {
                using var result = await SealAsync(run, source, options, signed, temporary).ConfigureAwait(false);
                if (custodians.Count > 0)
                {
                    Custody.CustodyCommands.WriteShares(sharesTo, Custody.CustodyCommands.Split(result.ContentKey, shared.ThresholdOf(run), custodians, signed?.Cid));
                    run.Note($"Wrote the shares of {custodians.Count} custodians to {sharesTo}. Each takes its own with: sojourn keeper share add {sharesTo} --content {result.Cid}");
                }

                File.Move(temporary, car, overwrite: false);
                if (run.Get(idOnly))
                {
                    run.Out.WriteLine(result.Cid);
                }
                else
                {
                    var header = result.Header;
                    run.Results.One(
                        result,
                        new Column<SealedResult>("cid", r => r.Cid.ToString()),
                        new Column<SealedResult>("file", _ => car),
                        new Column<SealedResult>("size", _ => header.Size, _ => Human.Size(header.Size)),
                        new Column<SealedResult>("chunks", _ => header.Chunks),
                        new Column<SealedResult>("recipients", _ => header.Keys.Length),
                        new Column<SealedResult>("policy", _ => header.Policy?.ToString()),
                        new Column<SealedResult>("body", _ => header.Body.ToString(), OnlyData: true));
                    run.Note($"Body: {header.Body} (what an app owner's policy lists as Code)");
                }

                run.Note($"Open it again with: sojourn open {car} --key NAME");
            }
            finally
            {
                File.Delete(temporary);
            }
        });
        return command;
    }

    /// <summary><c>sojourn open</c>.</summary>
    public static Command CreateOpen()
    {
        ErrorRules.Add(KeysCommands.Explain);
        ErrorRules.Add(Explain);
        Argument<string> input = new("car") { Description = "A CAR with sealed content.", HelpName = "CAR" };
        Option<string> key = new("--key") { Description = "Your encryption key's name.", Required = true, HelpName = "NAME" };
        Option<string?> cid = new("--cid") { Description = "Which content, where the CAR does not say.", HelpName = "CID" };
        Option<string?> to = new("--to") { Description = "The file or folder to write; a single file goes to standard output without it.", HelpName = "PATH" };
        Option<string?> range = new("--range") { Description = "Only these bytes of a file: FIRST-LAST, from 0.", HelpName = "RANGE" };
        Option<string?> path = new("--path") { Description = "Only this file of a folder; the rest is neither read nor opened.", HelpName = "PATH" };
        var passphrases = new Passphrases();
        var command = new Command("open", "Open sealed content with your key.") { input, key, cid, to, path, range };
        passphrases.AddTo(command);
        command.SetRun(async run =>
        {
            using var recipient = KeyStore.In(Places.StateFolder).OpenEncryption(run.Get(key)!, stored => passphrases.For(run, stored));
            await using var file = RegularFiles.OpenRead(run.Get(input)!);
            using var car = await CarFileSource.OpenAsync(file, run.Cancellation).ConfigureAwait(false);
            var root = RootOf(car, run.Get(input)!, run.Get(cid));
            using var content = await SealedDag.OpenAsync(car, root, recipient, run.Cancellation).ConfigureAwait(false);
            using var reader = content.OpenReader(SealedDag.Body(car, content.Header));
            var (start, whole) = (0L, reader.Length);
            if (content.Metadata.Kind == SealedKind.Directory)
            {
                if (run.Get(path) is { } wanted)
                {
                    var entry = (await SealedDirectory.ReadManifestAsync(content, reader, run.Cancellation).ConfigureAwait(false)).FirstOrDefault(entry => entry.Path == wanted && entry.Kind == SealedEntryKind.File)
                        ?? throw new CliException(ExitCode.NotFound, $"the folder holds no file '{wanted}'", "Without --path and --to, open lists what it holds.");
                    (start, whole) = (entry.Offset, entry.Length);
                }
                else if (run.Get(range) is not null)
                {
                    throw new CliException(ExitCode.Usage, "this is a folder; a range is one of a file", "Name the file with --path.");
                }
                else
                {
                    await ExtractAsync(run, content, reader, run.Get(to)).ConfigureAwait(false);
                    return;
                }
            }
            else if (run.Get(path) is not null)
            {
                throw new CliException(ExitCode.Usage, "this is a single file; --path is for folders", "Leave --path out.");
            }

            var (offset, length) = RangeOf(run.Get(range), whole);
            await using var part = reader.OpenRange(start + offset, length);
            if (run.Get(to) is { } target)
            {
                await WriteAsync(part, target, length, run).ConfigureAwait(false);
                run.Note($"Wrote {Human.Size(length)} to {target}.");
            }
            else
            {
                await part.CopyToAsync(run.OutBytes, run.Cancellation).ConfigureAwait(false);
                await run.OutBytes.FlushAsync(run.Cancellation).ConfigureAwait(false);
            }
        });
        return command;
    }

    private static async Task<SealedResult> SealAsync(CommandRun run, string source, SealingOptions options, SignedPolicy? policy, string temporary)
    {
        // The root is known when all is written: a placeholder of the same length stands in the CAR's header until then.
        await using var stream = RegularFiles.CreateNew(temporary);
        var writer = await CarWriter.CreateAsync(stream, [Cid.ForDagCbor(default)], cancellationToken: run.Cancellation).ConfigureAwait(false);
        SealedResult result;
        if (Directory.Exists(source))
        {
            var entries = Scan(source, temporary);
            using var progress = run.Progress("sealing");
            result = await SealedDag.SealDirectoryAsync(entries, options, writer, policy, progress.Advance, run.Cancellation).ConfigureAwait(false);
        }
        else
        {
            await using var file = RegularFiles.OpenRead(source);
            using var progress = run.Progress("sealing", file.Length);
            result = await SealedDag.SealFileAsync(file, options, writer, policy, progress.Advance, run.Cancellation).ConfigureAwait(false);
        }

        await writer.FinishAsync(run.Cancellation).ConfigureAwait(false);
        stream.Position = 0;
        var rooted = await CarWriter.CreateAsync(stream, [result.Cid], cancellationToken: run.Cancellation).ConfigureAwait(false);
        await rooted.FinishAsync(run.Cancellation).ConfigureAwait(false);
        return result;
    }

    private static List<SealedDirectorySource> Scan(string folder, string made)
    {
        // What is being written may lie in the folder itself; it is no part of it.
        made = Path.GetFullPath(made);
        var entries = new List<SealedDirectorySource>();
        // A link is sealed as a link: what it leads to lies elsewhere, and may be nobody's to seal.
        var all = new FileSystemEnumerable<FileSystemInfo>(folder, static (ref FileSystemEntry entry) => entry.ToFileSystemInfo(), new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.None, IgnoreInaccessible = false })
        {
            ShouldRecursePredicate = static (ref FileSystemEntry entry) => !entry.Attributes.HasFlag(FileAttributes.ReparsePoint),
        };
        foreach (var info in all)
        {
            if (info.FullName == made)
            {
                continue;
            }

            if (info.Name.Contains('\\'))
            {
                throw new CliException(ExitCode.BadInput, $"{info.FullName} has a backslash in its name, which sealed folders do not take", "Rename it.");
            }

            var path = Path.GetRelativePath(folder, info.FullName).Replace(Path.DirectorySeparatorChar, '/');
            var mode = OperatingSystem.IsWindows() ? (int?)null : (int)info.UnixFileMode;
            var modified = new DateTimeOffset(info.LastWriteTimeUtc).ToUnixTimeSeconds();
            entries.Add(info.LinkTarget is { } target
                ? new SealedDirectorySource(path, SealedEntryKind.Link, Target: target)
                : info is DirectoryInfo ? new SealedDirectorySource(path, SealedEntryKind.Directory, null, mode, modified)
                : new SealedDirectorySource(path, SealedEntryKind.File, () => RegularFiles.OpenRead(info.FullName, followLinks: false), mode, modified));
        }

        return entries;
    }

    private static async Task ExtractAsync(CommandRun run, OpenedContent content, SealedReader reader, string? target)
    {
        var entries = await SealedDirectory.ReadManifestAsync(content, reader, run.Cancellation).ConfigureAwait(false);
        if (target is null)
        {
            run.Results.List(
                entries,
                new Column<SealedDirectoryEntry>("path", e => e.Path),
                new Column<SealedDirectoryEntry>("kind", e => e.Kind.ToString().ToLowerInvariant()),
                new Column<SealedDirectoryEntry>("size", e => e.Length, e => Human.Size(e.Length), AlignRight: true));
            run.Note("This is a folder; write it out with --to FOLDER.");
            return;
        }

        target = Path.TrimEndingDirectorySeparator(target);
        if (Directory.Exists(target) || File.Exists(target))
        {
            throw new CliException(ExitCode.Usage, $"{target} is there already", "Name a folder that does not exist.");
        }

        // Whole or not at all, in a folder that nobody else can enter or foresee; links are made last, so that nothing is ever written through one.
        var temporary = RegularFiles.Beside(target);
        try
        {
            CreatePrivate(temporary);
            foreach (var entry in entries.Where(entry => entry.Kind == SealedEntryKind.Directory))
            {
                Directory.CreateDirectory(Path.Combine(temporary, entry.Path));
            }

            foreach (var entry in entries.Where(entry => entry.Kind == SealedEntryKind.File))
            {
                var path = Path.Combine(temporary, entry.Path);
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                await using var part = reader.OpenRange(entry.Offset, entry.Length);
                await CopyAsync(part, path, entry.Length, run).ConfigureAwait(false);
                if (entry.Modified is >= 0 and < 253_402_300_800)
                {
                    File.SetLastWriteTimeUtc(path, DateTimeOffset.FromUnixTimeSeconds(entry.Modified.Value).UtcDateTime);
                }

                SetMode(path, entry.Mode);
            }

            foreach (var entry in entries.Where(entry => entry.Kind == SealedEntryKind.Link))
            {
                var path = Path.Combine(temporary, entry.Path);
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                File.CreateSymbolicLink(path, entry.Target!);
            }

            // From the deepest up: a folder that may not be written to must have its files first.
            foreach (var entry in entries.Where(entry => entry.Kind == SealedEntryKind.Directory).Reverse())
            {
                SetMode(Path.Combine(temporary, entry.Path), entry.Mode);
            }

            Directory.Move(temporary, target);
        }
        catch
        {
            Remove(temporary);
            throw;
        }

        run.Note($"Wrote {entries.Length} entries to {target}.");
    }

    private static void CreatePrivate(string folder)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(folder);
        }
        else
        {
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    // Neither set-user-id nor the like comes out of an archive.
    private static void SetMode(string path, int? mode)
    {
        if (mode is { } bits && !OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, (UnixFileMode)(bits & 0x1FF));
        }
    }

    private static void Remove(string folder)
    {
        if (!Directory.Exists(folder))
        {
            return;
        }

        if (!OperatingSystem.IsWindows())
        {
            // A folder that came without the right to write could not be emptied.
            foreach (var inner in Directory.EnumerateDirectories(folder, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint }))
            {
                File.SetUnixFileMode(inner, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            }
        }

        Directory.Delete(folder, recursive: true);
    }

    private static async Task WriteAsync(Stream part, string target, long length, CommandRun run)
    {
        if (File.Exists(target) || Directory.Exists(target))
        {
            throw new CliException(ExitCode.Usage, $"{target} is there already", "Name another file.");
        }

        // Whole or not at all: content that breaks off must not look like content.
        var temporary = RegularFiles.Beside(target);
        try
        {
            await CopyAsync(part, temporary, length, run).ConfigureAwait(false);
            File.Move(temporary, target, overwrite: false);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    private static async Task CopyAsync(Stream part, string target, long length, CommandRun run)
    {
        using var progress = run.Progress("opening", length);
        await using var file = RegularFiles.CreateNew(target);
        var buffer = new byte[1 << 20];
        for (int read; (read = await part.ReadAsync(buffer, run.Cancellation).ConfigureAwait(false)) > 0;)
        {
            await file.WriteAsync(buffer.AsMemory(0, read), run.Cancellation).ConfigureAwait(false);
            progress.Advance(read);
        }
    }

    internal static Cid RootOf(CarFileSource car, string file, string? text) => text is not null
        ? Cid.TryParse(text, out var named) ? named : throw new CliException(ExitCode.Usage, $"'{text}' is not a CID")
        : car.Roots.Count == 1 ? car.Roots[0] : throw new CliException(ExitCode.BadInput, $"{file} names {car.Roots.Count} roots; say which with --cid");

    private static (long Offset, long Length) RangeOf(string? text, long length)
    {
        if (text is null)
        {
            return (0, length);
        }

        var parts = text.Split('-');
        return parts.Length == 2
            && long.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var first)
            && long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var last) && last >= first && last < long.MaxValue
            ? (first, Math.Max(0, Math.Min(last + 1, length) - first))
            : throw new CliException(ExitCode.Usage, $"'{text}' is not a range: FIRST-LAST was expected, such as 0-1023");
    }

    internal static HpkePublicKey FindRecipient(string text)
    {
        var store = KeyStore.In(Places.StateFolder);
        if (store.List().FirstOrDefault(key => key.Name == text) is { } stored)
        {
            return stored.Kind == KeyKind.Encryption && KeyEncoding.TryParsePublic(stored.Public, out var own)
                ? own
                : throw new CliException(ExitCode.Usage, $"the key '{text}' is of the kind {stored.Kind.ToString().ToLowerInvariant()}; one of the kind encryption is needed");
        }

        var content = File.Exists(text) && new FileInfo(text).Length < 16_384 ? File.ReadAllText(text) : text;
        return KeyEncoding.TryParsePublic(content, out var key)
            ? key
            : throw new CliException(ExitCode.NotFound, $"'{text}' is neither a key's name here, nor a file with a public key, nor a public key", "'sojourn keys list' shows your keys; make one with 'sojourn keys new NAME --kind encryption'.");
    }

    internal static SignedPolicy ReadPolicy(string path)
    {
        using var file = RegularFiles.OpenRead(path);
        if (file.Length > PolicyCodec.SizeMax)
        {
            throw new CliException(ExitCode.BadInput, $"{path} is too large for a policy");
        }

        var bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        var fault = SignedPolicy.TryDecode(bytes, out var signed);
        return fault == PolicyFault.None ? signed! : throw new CliException(ExitCode.BadInput, $"{path} is not a signed policy: {fault}", "Make one with 'sojourn policy sign'.");
    }

    internal static CliError? Explain(Exception exception) => exception is ContentException broken
        ? new CliError(broken.Fault == ContentFault.MissingBlock ? ExitCode.NotFound : ExitCode.BadInput, broken.Message, "The file was damaged or is not whole: fetch it again.")
        : exception is SealedContentException e ? new CliError(
            e.Fault is SealedFault.NotForThisKey ? ExitCode.Refused : ExitCode.BadInput,
            e.Fault switch
            {
                SealedFault.NotForThisKey => "this content is not sealed to that key",
                SealedFault.Malformed or SealedFault.UnknownVersion => "this is not sealed content of a known version",
                _ => e.Message,
            },
            e.Fault is SealedFault.NotForThisKey ? "Its owner can add your key without sealing it again." : "The content was damaged or changed: fetch it again.")
        : null;
}
