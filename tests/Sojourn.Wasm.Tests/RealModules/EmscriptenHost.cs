using System.Buffers.Binary;
using System.Text;

namespace Sojourn.Wasm.Tests.RealModules;

/// <summary>What the glue of an Emscripten module gives it, as far as the programs of tests and benchmarks ask for it.</summary>
internal sealed class EmscriptenHost : IDisposable
{
    private readonly Store _store = new();
    private readonly Instance _instance;
    private readonly Memory _memory;

    /// <param name="module">The module.</param>
    /// <param name="memoryImport">The name of the memory it imports, or null.</param>
    /// <param name="known">Host functions by their import's name; the rest say that they are not implemented.</param>
    /// <param name="memoryExport">The name of the memory it exports, or null.</param>
    public EmscriptenHost(WasmModule module, string? memoryImport, string? memoryExport, Func<EmscriptenHost, Dictionary<string, HostCallback>> known)
    {
        var linker = new Linker(_store);
        var functions = known(this);
        Memory? imported = null;
        foreach (var import in module.Imports)
        {
            switch (import.Type)
            {
                case FunctionType type:
                    var name = import.Name;
                    linker.DefineFunction(import.Module, name, type, functions.GetValueOrDefault(name) ?? ((_, _, _) => throw new NotSupportedException($"import {name} was called")));
                    break;
                case MemoryType type:
                    if (import.Name != memoryImport)
                    {
                        throw new NotSupportedException($"memory {import.Name} is imported");
                    }

                    imported = Memory.Create(_store, type);
                    linker.Define(import.Module, import.Name, imported);
                    break;
                default:
                    throw new NotSupportedException($"import {import.Name} is {import.Type}");
            }
        }

        _instance = linker.Instantiate(module);
        _memory = imported ?? _instance.GetMemory(memoryExport!)!;
    }

    public int Call(string export, params ReadOnlySpan<int> arguments)
    {
        var values = new Value[arguments.Length];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = Value.From(arguments[i]);
        }

        var results = _instance.GetFunction(export)!.Invoke(values);
        return results.Length == 0 ? 0 : results[0].Int32;
    }

    public int ReadInt32(int at) => BinaryPrimitives.ReadInt32LittleEndian(_memory.Span[at..]);

    public string ReadText(int at)
    {
        var bytes = _memory.Span[at..];
        return Encoding.UTF8.GetString(bytes[..bytes.IndexOf((byte)0)]);
    }

    /// <summary>Puts a text into memory that the guest's allocator gives.</summary>
    public int PutText(string text, string malloc)
    {
        var bytes = Encoding.UTF8.GetBytes(text + "\0");
        var at = Call(malloc, bytes.Length);
        bytes.CopyTo(_memory.Span[at..]);
        return at;
    }

    public void Clear(int at, int length) => _memory.Span.Slice(at, length).Clear();

    /// <summary>emscripten_resize_heap.</summary>
    public void ResizeHeap(Caller caller, ReadOnlySpan<Value> arguments, Span<Value> results)
    {
        var wanted = ((ulong)(uint)arguments[0].Int32 + Memory.PageBytes - 1) / Memory.PageBytes;
        results[0] = Value.From(wanted <= _memory.Pages || _memory.Grow(wanted - _memory.Pages) >= 0 ? 1 : 0);
    }

    public void Dispose() => _store.Dispose();
}
