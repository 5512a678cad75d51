namespace Sojourn.Wasm.Model;

/// <summary>The types of one module by their indices.</summary>
internal sealed class ModuleTypeSpace(ModuleDefinition module) : TypeSpace
{
    public override int Canonical(int type) => module.Types[type].Canonical;

    public override int Supertype(int type) => module.Types[type].Supertype;

    public override HeapType Kind(int type) => KindOf(module.Types[type]);

    public static HeapType KindOf(TypeDefinition type) => type.Composite switch
    {
        FunctionComposite => HeapType.Func,
        StructComposite => HeapType.Struct,
        _ => HeapType.Array,
    };
}
