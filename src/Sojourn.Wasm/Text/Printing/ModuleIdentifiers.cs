using Sojourn.Wasm.Decode;
using Sojourn.Wasm.Model;

namespace Sojourn.Wasm.Text.Printing;

/// <summary>The names under which a module's parts are printed.</summary>
internal sealed class ModuleIdentifiers
{
    private readonly ModuleNames names;

    public ModuleIdentifiers(ModuleDefinition module)
    {
        names = ModuleNames.Read(module);
        Types = new(names.Types);
        Functions = new(names.Functions);
        Tables = new(names.Tables);
        Memories = new(names.Memories);
        Globals = new(names.Globals);
        Tags = new(names.Tags);
        Elements = new(names.Elements);
        Data = new(names.Data);
    }

    public string? Module => names.Module is { Length: > 0 } name ? new IdentifierMap(new Dictionary<int, string> { [0] = name })[0] : null;

    public IdentifierMap Types { get; }

    public IdentifierMap Functions { get; }

    public IdentifierMap Tables { get; }

    public IdentifierMap Memories { get; }

    public IdentifierMap Globals { get; }

    public IdentifierMap Tags { get; }

    public IdentifierMap Elements { get; }

    public IdentifierMap Data { get; }

    public IdentifierMap NoLocals { get; } = new(new Dictionary<int, string>());

    public IdentifierMap LocalsOf(int function) => names.Locals.TryGetValue(function, out var locals) ? new(locals) : NoLocals;

    public bool IsNamed(int function, int local) => names.Locals.TryGetValue(function, out var locals) && locals.ContainsKey(local);
}
