using System.Collections.Concurrent;
using System.Reflection;
using Sojourn.Wasm.Compile.Support;
using Sojourn.Wasm.Model;

namespace Sojourn.Wasm.Compile;

/// <summary>Finds the methods that compiled code calls.</summary>
internal static class SupportMethods
{
    private const BindingFlags Any = BindingFlags.Static | BindingFlags.Public;
    private static readonly ConcurrentDictionary<(Type Type, string Name), MethodInfo> Named = new();
    private static readonly MethodInfo?[][] ByOpcode = [Table(0x200, 0, typeof(Numeric)), Table(0x40, 0xFC, typeof(Numeric)), Table(0x120, 0xFD, typeof(Simd))];

    /// <summary>The method that computes an instruction, or null.</summary>
    public static MethodInfo? Find(Opcode opcode)
    {
        var table = ((int)opcode >> 16) switch { 0 => ByOpcode[0], 0xFC => ByOpcode[1], 0xFD => ByOpcode[2], _ => [] };
        var number = (int)opcode & 0xFFFF;
        return number < table.Length ? table[number] : null;
    }

    public static MethodInfo Get(Type type, string name) =>
        Named.GetOrAdd((type, name), static key => key.Type.GetMethod(key.Name, Any) ?? throw new MissingMethodException(key.Type.FullName, key.Name));

    private static MethodInfo?[] Table(int size, int prefix, Type type)
    {
        var table = new MethodInfo?[size];
        foreach (var method in type.GetMethods(Any))
        {
            if (Enum.TryParse<Opcode>(method.Name, out var opcode) && (int)opcode >> 16 == prefix)
            {
                table[(int)opcode & 0xFFFF] = method;
            }
        }

        return table;
    }
}
