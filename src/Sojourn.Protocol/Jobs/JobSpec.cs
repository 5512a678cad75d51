using System.Collections.Immutable;
using Sojourn.Primitives;
using Sojourn.Primitives.Cbor;

namespace Sojourn.Protocol.Jobs;

/// <summary>
/// What a guest is given: its arguments, inputs, limits and who may read what comes out. Public content (dag-cbor) that the job's
/// terms name by CID, so that every executor runs exactly the same and the receipt can point at it.
/// </summary>
public sealed record JobSpec
{
    /// <summary>The version that is written and read.</summary>
    public const int Version = 1;

    /// <summary>The longest encoding, in bytes.</summary>
    public const int BytesMax = 256 << 10;

    /// <summary>The most arguments, and the most environment variables.</summary>
    public const int ArgumentsMax = 1024;

    /// <summary>A name for people; no part of the protocol reads it.</summary>
    public string Name { get; init; } = "";

    /// <summary>The guest's arguments, without the program's name.</summary>
    public ImmutableArray<string> Arguments { get; init; } = [];

    /// <summary>The guest's environment.</summary>
    public ImmutableSortedDictionary<string, string> Environment { get; init; } = ImmutableSortedDictionary<string, string>.Empty.WithComparers(StringComparer.Ordinal);

    /// <summary>The inputs, in the order of the terms.</summary>
    public ImmutableArray<JobInput> Inputs { get; init; } = [];

    /// <summary>Modules that are linked with the program, each with its own capabilities.</summary>
    public ImmutableArray<JobLibrary> Libraries { get; init; } = [];

    /// <summary>HPKE public keys (65 bytes, uncompressed P-256) that the output is sealed to; empty means a public output.</summary>
    public ImmutableArray<ReadOnlyMemory<byte>> Recipients { get; init; } = [];

    /// <summary>The most bytes of output, all files together.</summary>
    /// <value>Default 16 MiB.</value>
    public long OutputBytesMax { get; init; } = 16 << 20;

    /// <summary>The most bytes of standard output and error together that are kept.</summary>
    /// <value>Default 1 MiB.</value>
    public int LogBytesMax { get; init; } = 1 << 20;

    /// <summary>The guest's stack, in bytes as the engine counts them.</summary>
    /// <value>Default 1 MiB.</value>
    public int StackBytesMax { get; init; } = 1 << 20;

    /// <summary>Wall-clock time after which the guest is stopped. Where several executors must agree, fuel should end it first.</summary>
    /// <value>Default 60 s.</value>
    public TimeSpan TimeMax { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Whether clocks are virtual and randomness is seeded from the job, so that executors' results can be equal.</summary>
    /// <value>Default true.</value>
    public bool Deterministic { get; init; } = true;

    /// <summary>The canonical encoding (dag-cbor).</summary>
    public byte[] Encode()
    {
        var writer = new CborWriter(CborProfile.DagCbor, 1024);
        writer.BeginMap().WriteKey("v").WriteInteger(Version).WriteKey("name").WriteText(Name);
        writer.WriteKey("args").BeginArray();
        foreach (var argument in Arguments)
        {
            writer.WriteText(argument);
        }

        writer.EndArray().WriteKey("env").BeginMap();
        foreach (var (key, value) in Environment)
        {
            writer.WriteKey(key).WriteText(value);
        }

        writer.EndMap().WriteKey("inputs").BeginArray();
        foreach (var input in Inputs)
        {
            writer.BeginMap().WriteKey("name").WriteText(input.Name).WriteKey("cid").WriteCid(input.Content).WriteKey("stdin").WriteBoolean(input.IsStandardInput).EndMap();
        }

        writer.EndArray().WriteKey("libs").BeginArray();
        foreach (var library in Libraries)
        {
            writer.BeginMap().WriteKey("name").WriteText(library.Name).WriteKey("cid").WriteCid(library.Content).WriteKey("inputs").BeginArray();
            foreach (var granted in library.Inputs)
            {
                writer.WriteText(granted);
            }

            writer.EndArray().WriteKey("output").WriteBoolean(library.MayWriteOutput).EndMap();
        }

        writer.EndArray().WriteKey("to").BeginArray();
        foreach (var recipient in Recipients)
        {
            writer.WriteBytes(recipient.Span);
        }

        writer.EndArray()
            .WriteKey("outMax").WriteInteger(OutputBytesMax)
            .WriteKey("logMax").WriteInteger(LogBytesMax)
            .WriteKey("stackMax").WriteInteger(StackBytesMax)
            .WriteKey("timeMax").WriteInteger((long)TimeMax.TotalMilliseconds)
            .WriteKey("deterministic").WriteBoolean(Deterministic)
            .EndMap();
        return writer.ToArray();
    }

    /// <summary>The CID that the job's terms name.</summary>
    public Cid Cid => Cid.ForDagCbor(Encode());

    /// <summary>Reads a specification.</summary>
    /// <param name="bytes">The block's bytes; untrusted.</param>
    /// <param name="spec">The specification, where it is one.</param>
    /// <param name="fault">What is wrong, where it is none.</param>
    public static bool TryDecode(ReadOnlySpan<byte> bytes, out JobSpec? spec, out string fault)
    {
        spec = null;
        fault = "";
        if (bytes.Length > BytesMax)
        {
            fault = $"the specification has {bytes.Length} bytes, at most {BytesMax} are taken";
            return false;
        }

        try
        {
            spec = Read(bytes);
        }
        catch (CborException e)
        {
            fault = $"the specification is not the dag-cbor record it should be: {e.Message}";
            return false;
        }

        fault = spec.Fault() ?? "";
        return fault.Length == 0;
    }

    /// <summary>What is wrong with the values, or null.</summary>
    public string? Fault()
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var name in Inputs.Select(input => input.Name).Concat(Libraries.Select(library => library.Name)))
        {
            if (!IsName(name))
            {
                return $"'{name}' is not a name: letters, digits, dot, hyphen and underscore, at most 64, not beginning with a dot";
            }

            if (!names.Add(name))
            {
                return $"the name '{name}' is used twice";
            }
        }

        if (Inputs.Count(input => input.IsStandardInput) > 1)
        {
            return "only one input can be standard input";
        }

        foreach (var library in Libraries)
        {
            if (library.Inputs.FirstOrDefault(granted => Inputs.All(input => input.Name != granted)) is { } unknown)
            {
                return $"the library '{library.Name}' is granted the input '{unknown}', which the job does not have";
            }
        }

        return Recipients.Any(key => key.Length != 65) ? "a recipient's key is 65 bytes (P-256, uncompressed)"
            : OutputBytesMax is < 0 or > 1L << 40 ? "the output's limit is out of bounds"
            : LogBytesMax is < 0 or > 64 << 20 ? "the log's limit is out of bounds"
            : StackBytesMax is < 64 << 10 or > 64 << 20 ? "the stack's limit is out of bounds (64 KiB to 64 MiB)"
            : TimeMax <= TimeSpan.Zero || TimeMax > TimeSpan.FromDays(7) ? "the time limit is out of bounds (up to 7 days)"
            : null;
    }

    private static bool IsName(string name) =>
        name.Length is > 0 and <= 64 && name[0] != '.' && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_');

    private static JobSpec Read(ReadOnlySpan<byte> bytes)
    {
        var reader = new CborReader(bytes, CborProfile.DagCbor, depthMax: 6);
        // Canonical order: shorter keys first, then bytewise.
        reader.ReadMapHeaderExactly(12);
        reader.ReadKey("v");
        reader.ReadInt32(Version, Version);
        reader.ReadKey("to");
        var recipients = ImmutableArray.CreateBuilder<ReadOnlyMemory<byte>>();
        for (var n = reader.ReadArrayHeader(64); n > 0; n--)
        {
            recipients.Add(reader.ReadBytes(256).ToArray());
        }

        reader.ReadKey("env");
        var environment = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        for (var n = reader.ReadMapHeader(ArgumentsMax); n > 0; n--)
        {
            environment[reader.ReadText(4096)] = reader.ReadText(32 << 10);
        }

        reader.ReadKey("args");
        var arguments = ImmutableArray.CreateBuilder<string>();
        for (var n = reader.ReadArrayHeader(ArgumentsMax); n > 0; n--)
        {
            arguments.Add(reader.ReadText(32 << 10));
        }

        reader.ReadKey("libs");
        var libraries = ImmutableArray.CreateBuilder<JobLibrary>();
        for (var n = reader.ReadArrayHeader(64); n > 0; n--)
        {
            reader.ReadMapHeaderExactly(4);
            reader.ReadKey("cid");
            var cid = reader.ReadCid();
            reader.ReadKey("name");
            var name = reader.ReadText(64);
            reader.ReadKey("inputs");
            var granted = ImmutableArray.CreateBuilder<string>();
            for (var g = reader.ReadArrayHeader(64); g > 0; g--)
            {
                granted.Add(reader.ReadText(64));
            }

            reader.ReadKey("output");
            libraries.Add(new JobLibrary(name, cid, granted.ToImmutable(), reader.ReadBoolean()));
        }

        reader.ReadKey("name");
        var title = reader.ReadText(256);
        reader.ReadKey("inputs");
        var inputs = ImmutableArray.CreateBuilder<JobInput>();
        for (var n = reader.ReadArrayHeader(64); n > 0; n--)
        {
            reader.ReadMapHeaderExactly(3);
            reader.ReadKey("cid");
            var cid = reader.ReadCid();
            reader.ReadKey("name");
            var name = reader.ReadText(64);
            reader.ReadKey("stdin");
            inputs.Add(new JobInput(name, cid, reader.ReadBoolean()));
        }

        reader.ReadKey("logMax");
        var logMax = reader.ReadInt32();
        reader.ReadKey("outMax");
        var outMax = reader.ReadInt64();
        reader.ReadKey("timeMax");
        var timeMax = reader.ReadInt32(1);
        reader.ReadKey("stackMax");
        var stackMax = reader.ReadInt32();
        reader.ReadKey("deterministic");
        var deterministic = reader.ReadBoolean();
        reader.ReadEnd();
        return new JobSpec
        {
            Name = title,
            Arguments = arguments.ToImmutable(),
            Environment = environment.ToImmutable(),
            Inputs = inputs.ToImmutable(),
            Libraries = libraries.ToImmutable(),
            Recipients = recipients.ToImmutable(),
            OutputBytesMax = outMax,
            LogBytesMax = logMax,
            StackBytesMax = stackMax,
            TimeMax = TimeSpan.FromMilliseconds(timeMax),
            Deterministic = deterministic,
        };
    }
}
