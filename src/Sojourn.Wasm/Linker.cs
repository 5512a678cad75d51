using Sojourn.Wasm.Run;

namespace Sojourn.Wasm;

/// <summary>Names what instances may import, and makes instances.</summary>
/// <param name="store">The store that the instances will live in.</param>
public sealed class Linker(Store store)
{
    private readonly Dictionary<(string Module, string Name), object> definitions = [];

    /// <summary>The store that the instances will live in.</summary>
    public Store Store { get; } = store;

    /// <summary>Begins a module that the host makes of delegates, memories, tables and globals.</summary>
    /// <param name="name">The name guests import it by.</param>
    /// <returns>The module, to be added to; what is added counts at once.</returns>
    public HostModule CreateHostModule(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        return new(this, name);
    }

    /// <summary>Offers a host function given as a delegate: parameters int, uint, long, ulong, float, double, <c>Vector128&lt;byte&gt;</c>, <see cref="Function"/> or object, optionally a <see cref="Caller"/> first; a result of one of these, a tuple of them, or none.</summary>
    /// <param name="module">The module's name.</param>
    /// <param name="name">The field's name.</param>
    /// <param name="function">The delegate.</param>
    public Linker DefineFunction(string module, string name, Delegate function)
    {
        ArgumentNullException.ThrowIfNull(function);
        definitions[(module, name)] = HostDelegates.Define(function);
        return this;
    }

    /// <summary>Offers a host function that takes and gives values.</summary>
    /// <param name="module">The module's name.</param>
    /// <param name="name">The field's name.</param>
    /// <param name="type">Its type.</param>
    /// <param name="function">What it does.</param>
    public Linker DefineFunction(string module, string name, FunctionType type, HostCallback function)
    {
        ArgumentNullException.ThrowIfNull(type);
        ArgumentNullException.ThrowIfNull(function);
        definitions[(module, name)] = new HostDefinition(type, function, null);
        return this;
    }

    /// <summary>Offers a function.</summary>
    /// <param name="module">The module's name.</param>
    /// <param name="name">The field's name.</param>
    /// <param name="function">A function of the same store.</param>
    public Linker Define(string module, string name, Function function) => Add(module, name, function, function.Store);

    /// <summary>Offers a memory.</summary>
    /// <param name="module">The module's name.</param>
    /// <param name="name">The field's name.</param>
    /// <param name="memory">A memory of the same store.</param>
    public Linker Define(string module, string name, Memory memory) => Add(module, name, memory, memory.Store);

    /// <summary>Offers a table.</summary>
    /// <param name="module">The module's name.</param>
    /// <param name="name">The field's name.</param>
    /// <param name="table">A table of the same store.</param>
    public Linker Define(string module, string name, Table table) => Add(module, name, table, table.Store);

    /// <summary>Offers a global.</summary>
    /// <param name="module">The module's name.</param>
    /// <param name="name">The field's name.</param>
    /// <param name="global">A global of the same store.</param>
    public Linker Define(string module, string name, Global global) => Add(module, name, global, global.Store);

    /// <summary>Offers a tag.</summary>
    /// <param name="module">The module's name.</param>
    /// <param name="name">The field's name.</param>
    /// <param name="tag">A tag of the same store.</param>
    public Linker Define(string module, string name, Tag tag) => Add(module, name, tag, tag.Store);

    /// <summary>Offers all exports of an instance.</summary>
    /// <param name="module">The name under which they are imported.</param>
    /// <param name="instance">An instance of the same store.</param>
    public Linker DefineInstance(string module, Instance instance)
    {
        ArgumentNullException.ThrowIfNull(instance);
        foreach (var export in instance.Module.Exports)
        {
            Add(module, export.Name, instance.GetExport(export.Name)!, instance.Store);
        }

        return this;
    }

    /// <summary>Makes an instance: links imports, initialises, and runs the start function.</summary>
    /// <param name="module">The module.</param>
    /// <returns>The instance.</returns>
    /// <exception cref="LinkException">An import is missing or has another type.</exception>
    /// <exception cref="TrapException">A segment does not fit, or the start function trapped.</exception>
    public Instance Instantiate(WasmModule module)
    {
        ArgumentNullException.ThrowIfNull(module);
        Store.CheckUsable();
        var imports = ImportMatcher.Match(Store, module, Find);
        try
        {
            var instance = new Instance(Store, module, imports);
            instance.Start();
            return instance;
        }
        catch (Exception fault) when (Traps.IsRaw(fault))
        {
            // Constants and segments make objects and fill memories too.
            throw Traps.Translate(Store, fault);
        }
    }

    internal void Define(string module, string name, HostDefinition definition) => definitions[(module, name)] = definition;

    private object? Find(string module, string name) => definitions.GetValueOrDefault((module, name));

    private Linker Add(string module, string name, object value, Store owner)
    {
        if (!ReferenceEquals(owner, Store))
        {
            throw new LinkException($"{module}.{name} lives in another store");
        }

        definitions[(module, name)] = value;
        return this;
    }
}
