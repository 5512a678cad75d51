using System.Linq.Expressions;
using System.Reflection;

namespace Sojourn.Wasm;

/// <summary>A module that the host makes of delegates, memories, tables and globals; made by <see cref="Linker.CreateHostModule(string)"/>.</summary>
public sealed class HostModule
{
    private readonly Linker linker;

    internal HostModule(Linker linker, string name)
    {
        this.linker = linker;
        Name = name;
    }

    /// <summary>The name guests import it by.</summary>
    public string Name { get; }

    /// <summary>Adds a function; compiled code calls it without boxing.</summary>
    /// <param name="name">The field's name.</param>
    /// <param name="function">The delegate, see <see cref="Linker.DefineFunction(string, string, Delegate)"/>.</param>
    /// <returns>This module.</returns>
    public HostModule Function(string name, Delegate function)
    {
        linker.DefineFunction(Name, name, function);
        return this;
    }

    /// <summary>Adds a function that takes and gives values.</summary>
    /// <param name="name">The field's name.</param>
    /// <param name="type">Its type.</param>
    /// <param name="function">What it does.</param>
    /// <returns>This module.</returns>
    public HostModule Function(string name, FunctionType type, HostCallback function)
    {
        linker.DefineFunction(Name, name, type, function);
        return this;
    }

    /// <summary>Adds the methods of an object that are marked with <see cref="HostFunctionAttribute"/>.</summary>
    /// <param name="target">The object; its state belongs to the guests of this linker.</param>
    /// <returns>This module.</returns>
    /// <exception cref="ArgumentException">No method is marked.</exception>
    public HostModule Functions(object target)
    {
        ArgumentNullException.ThrowIfNull(target);
        var found = false;
        foreach (var method in target.GetType().GetMethods(BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic))
        {
            if (method.GetCustomAttribute<HostFunctionAttribute>() is not { } marked)
            {
                continue;
            }

            found = true;
            Type[] types = [.. method.GetParameters().Select(parameter => parameter.ParameterType), method.ReturnType];
            var shape = Expression.GetDelegateType(types);
            Function(marked.Name ?? method.Name, method.IsStatic ? method.CreateDelegate(shape) : method.CreateDelegate(shape, target));
        }

        return found ? this : throw new ArgumentException($"{target.GetType()} marks no method with [HostFunction].", nameof(target));
    }

    /// <summary>Adds a memory.</summary>
    /// <param name="name">The field's name.</param>
    /// <param name="memory">A memory of the linker's store.</param>
    /// <returns>This module.</returns>
    public HostModule Memory(string name, Memory memory)
    {
        linker.Define(Name, name, memory);
        return this;
    }

    /// <summary>Adds a table.</summary>
    /// <param name="name">The field's name.</param>
    /// <param name="table">A table of the linker's store.</param>
    /// <returns>This module.</returns>
    public HostModule Table(string name, Table table)
    {
        linker.Define(Name, name, table);
        return this;
    }

    /// <summary>Adds a global.</summary>
    /// <param name="name">The field's name.</param>
    /// <param name="global">A global of the linker's store.</param>
    /// <returns>This module.</returns>
    public HostModule Global(string name, Global global)
    {
        linker.Define(Name, name, global);
        return this;
    }
}
