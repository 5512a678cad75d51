using System.Buffers.Binary;
using System.Text;
using Sojourn.Wasm.Model;

namespace Sojourn.Wasm.Debug;

/// <summary>Source lines of code offsets, from the <c>.debug_line</c> section. It is only advice: where it is damaged, what was read so far stands.</summary>
/// <remarks>DWARF 5 §6.2 (versions 2 to 5); "DWARF for WebAssembly": addresses count from the contents of the code section.</remarks>
internal sealed class DwarfLines
{
    private const int RowsMax = 4_000_000;
    private const int PathType = 1;
    private const int DirectoryType = 2;

    private readonly List<Row> _rows = [];
    private readonly List<string> _files = [];

    private DwarfLines()
    {
    }

    public static DwarfLines Empty { get; } = new();

    /// <summary>The source line of a code offset, as <c>file:line</c>, or null.</summary>
    /// <param name="offset">Bytes from the beginning of the code section's contents.</param>
    public string? Find(int offset)
    {
        var low = 0;
        var high = _rows.Count;
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (_rows[middle].Address <= (uint)offset)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        if (low == 0 || _rows[low - 1] is not { File: >= 0 } row)
        {
            return null;
        }

        return $"{_files[row.File]}:{row.Line.ToString(System.Globalization.CultureInfo.InvariantCulture)}";
    }

    public static DwarfLines Read(ModuleDefinition module)
    {
        var lines = new DwarfLines();
        var reader = new Reader(Section(module, ".debug_line"));
        var lineStrings = Section(module, ".debug_line_str");
        var strings = Section(module, ".debug_str");
        try
        {
            while (!reader.AtEnd && lines._rows.Count < RowsMax)
            {
                lines.ReadUnit(ref reader, lineStrings, strings);
            }
        }
        catch (Exception e) when (e is IndexOutOfRangeException or ArgumentException or OverflowException)
        {
            // Damaged from here on.
        }

        lines._rows.Sort((left, right) => left.Address.CompareTo(right.Address) is var order and not 0 ? order : left.Order.CompareTo(right.Order));
        return lines;
    }

    private static ReadOnlySpan<byte> Section(ModuleDefinition module, string name)
    {
        var section = Array.Find(module.CustomSections, candidate => candidate.Name == name);
        return section is null ? default : module.Bytes.Span.Slice(section.Offset, section.Length);
    }

    private void ReadUnit(ref Reader reader, ReadOnlySpan<byte> lineStrings, ReadOnlySpan<byte> strings)
    {
        var is64 = false;
        ulong length = reader.U32();
        if (length == 0xffffffff)
        {
            is64 = true;
            length = reader.U64();
        }

        var end = checked(reader.Position + (int)length);
        var version = reader.U16();
        if (version is < 2 or > 5)
        {
            reader.Position = end;
            return;
        }

        if (version == 5)
        {
            reader.Skip(2);
        }

        var program = checked((int)reader.Offset(is64));
        program += reader.Position;
        var stepBytes = reader.U8();
        if (version >= 4)
        {
            reader.Skip(1);
        }

        reader.Skip(1);
        var lineBase = (sbyte)reader.U8();
        var lineRange = Math.Max((byte)1, reader.U8());
        var opcodeBase = reader.U8();
        var operands = reader.Bytes(Math.Max(0, opcodeBase - 1));
        var firstFile = _files.Count;
        if (version == 5)
        {
            var directories = ReadEntries(ref reader, is64, lineStrings, strings);
            foreach (var (name, directory) in ReadEntries(ref reader, is64, lineStrings, strings))
            {
                _files.Add(Join(directory > 0 && directory < directories.Count ? directories[directory].Name : "", name));
            }
        }
        else
        {
            var directories = new List<string> { "" };
            while (reader.Text() is { Length: > 0 } directory)
            {
                directories.Add(directory);
            }

            // Files count from 1.
            firstFile--;
            while (reader.Text() is { Length: > 0 } name)
            {
                var directory = (int)reader.Unsigned();
                reader.Unsigned();
                reader.Unsigned();
                _files.Add(Join(directory >= 0 && directory < directories.Count ? directories[directory] : "", name));
            }
        }

        reader.Position = program;
        Execute(ref reader, end, firstFile, stepBytes, lineBase, lineRange, opcodeBase, operands);
        reader.Position = end;
    }

    private void Execute(ref Reader reader, int end, int firstFile, byte stepBytes, sbyte lineBase, byte lineRange, byte opcodeBase, ReadOnlySpan<byte> operands)
    {
        var state = new State();
        while (reader.Position < end && _rows.Count < RowsMax)
        {
            var opcode = reader.U8();
            if (opcode >= opcodeBase)
            {
                var step = opcode - opcodeBase;
                state.Address += (uint)(step / lineRange * stepBytes);
                state.Line += lineBase + (step % lineRange);
                Add(state, firstFile, isEnd: false);
                continue;
            }

            switch (opcode)
            {
                case 0:
                    var size = checked((int)reader.Unsigned());
                    var next = reader.Position + size;
                    switch (size == 0 ? 0 : reader.U8())
                    {
                        case 1:
                            Add(state, firstFile, isEnd: true);
                            state = new State();
                            break;
                        case 2:
                            state.Address = reader.U32();
                            // Functions that the linker dropped keep their lines, at a tombstone's address.
                            state.IsDropped = state.Address is 0 or >= 0xfffffff0;
                            break;
                        default:
                            break;
                    }

                    reader.Position = next;
                    break;
                case 1:
                    Add(state, firstFile, isEnd: false);
                    break;
                case 2:
                    state.Address += (uint)(reader.Unsigned() * stepBytes);
                    break;
                case 3:
                    state.Line += (int)reader.Signed();
                    break;
                case 4:
                    state.File = (int)reader.Unsigned();
                    break;
                case 8:
                    state.Address += (uint)((255 - opcodeBase) / lineRange * stepBytes);
                    break;
                case 9:
                    state.Address += reader.U16();
                    break;
                default:
                    for (var i = 0; i < operands[opcode - 1]; i++)
                    {
                        reader.Unsigned();
                    }

                    break;
            }
        }
    }

    private void Add(in State state, int firstFile, bool isEnd)
    {
        if (state.IsDropped)
        {
            return;
        }

        var file = firstFile + state.File;
        _rows.Add(new Row(state.Address, _rows.Count, isEnd || file < 0 || file >= _files.Count ? -1 : file, state.Line));
    }

    private static List<(string Name, int Directory)> ReadEntries(ref Reader reader, bool is64, ReadOnlySpan<byte> lineStrings, ReadOnlySpan<byte> strings)
    {
        var formats = new (ulong Type, ulong Form)[reader.U8()];
        for (var i = 0; i < formats.Length; i++)
        {
            formats[i] = (reader.Unsigned(), reader.Unsigned());
        }

        var count = checked((int)reader.Unsigned());
        var entries = new List<(string, int)>();
        for (var i = 0; i < count && !reader.AtEnd; i++)
        {
            var name = "";
            var directory = 0;
            foreach (var (type, form) in formats)
            {
                var text = "";
                var number = 0ul;
                switch (form)
                {
                    case 0x08:
                        text = reader.Text();
                        break;
                    case 0x1f:
                        text = new Reader(lineStrings) { Position = checked((int)reader.Offset(is64)) }.Text();
                        break;
                    case 0x0e:
                        text = new Reader(strings) { Position = checked((int)reader.Offset(is64)) }.Text();
                        break;
                    case 0x0b:
                        number = reader.U8();
                        break;
                    case 0x05:
                        number = reader.U16();
                        break;
                    case 0x06:
                        number = reader.U32();
                        break;
                    case 0x07:
                        number = reader.U64();
                        break;
                    case 0x0f:
                        number = reader.Unsigned();
                        break;
                    case 0x1e:
                        reader.Skip(16);
                        break;
                    case 0x09:
                        reader.Skip(checked((int)reader.Unsigned()));
                        break;
                    default:
                        throw new ArgumentException("an unknown form of DWARF");
                }

                if (type == PathType)
                {
                    name = text;
                }
                else if (type == DirectoryType)
                {
                    directory = (int)Math.Min(number, int.MaxValue);
                }
            }

            entries.Add((name, directory));
        }

        return entries;
    }

    private static string Join(string directory, string name) => directory.Length == 0 || name.StartsWith('/') ? name : directory + "/" + name;

    private readonly record struct Row(uint Address, int Order, int File, int Line);

    private struct State()
    {
        public uint Address;
        public int File = 1;
        public int Line = 1;
        public bool IsDropped;
    }

    /// <summary>Reads little-endian; throws past the end.</summary>
    private ref struct Reader(ReadOnlySpan<byte> bytes)
    {
        private readonly ReadOnlySpan<byte> _bytes = bytes;

        public int Position { get; set; }

        public readonly bool AtEnd => Position >= _bytes.Length;

        public byte U8() => _bytes[Position++];

        public ushort U16() => BinaryPrimitives.ReadUInt16LittleEndian(Bytes(2));

        public uint U32() => BinaryPrimitives.ReadUInt32LittleEndian(Bytes(4));

        public ulong U64() => BinaryPrimitives.ReadUInt64LittleEndian(Bytes(8));

        public ulong Offset(bool is64) => is64 ? U64() : U32();

        public void Skip(int count) => Bytes(count);

        public ReadOnlySpan<byte> Bytes(int count)
        {
            var slice = _bytes.Slice(Position, count);
            Position += count;
            return slice;
        }

        public string Text()
        {
            var rest = _bytes[Position..];
            var length = rest.IndexOf((byte)0);
            if (length < 0)
            {
                throw new ArgumentException("a text without an end");
            }

            Position += length + 1;
            return Encoding.UTF8.GetString(rest[..length]);
        }

        public ulong Unsigned()
        {
            var value = 0ul;
            for (var shift = 0; ; shift += 7)
            {
                var part = U8();
                value |= shift < 64 ? (ulong)(part & 0x7f) << shift : 0;
                if (part < 0x80)
                {
                    return value;
                }
            }
        }

        public long Signed()
        {
            var value = 0L;
            for (var shift = 0; ;)
            {
                var part = U8();
                value |= shift < 64 ? (long)(part & 0x7f) << shift : 0;
                shift += 7;
                if (part < 0x80)
                {
                    return shift < 64 && (part & 0x40) != 0 ? value | (-1L << shift) : value;
                }
            }
        }
    }
}
