namespace Sojourn.Wasm.Generators;

/// <summary>A method that a guest calls, or that calls a guest.</summary>
/// <param name="Method">The method's name.</param>
/// <param name="Module">The module's name; unused for guests' exports.</param>
/// <param name="Name">The field's name.</param>
/// <param name="Declaration">For guests' exports: the words before the parameter list, as the half that is written by hand has them.</param>
/// <param name="IsStatic">Whether no object is needed.</param>
/// <param name="Names">Names of the parameters.</param>
/// <param name="Parameters">Shapes of the parameters.</param>
/// <param name="Results">Shapes of the results.</param>
internal sealed record BoundMethod(string Method, string Module, string Name, string Declaration, bool IsStatic, EquatableList<string> Names, EquatableList<Shape> Parameters, EquatableList<Shape> Results)
{
    /// <summary>Letters of the guest's parameters.</summary>
    public string ParameterLetters => string.Concat(Parameters.Select(static x => x.Letters));

    /// <summary>Letters of the results.</summary>
    public string ResultLetters => string.Concat(Results.Select(static x => x.Letters));

    /// <summary>The raw first result's type.</summary>
    public string RawResult => Results.Count == 0 ? "void" : Results[0].Raw;

    /// <summary>Types of the function pointer: raw parameters, the context, the raw first result.</summary>
    public string Pointer => $"delegate* managed<{string.Concat(ParameterLetters.Select(static x => Shape.RawOf(x) + ", "))}nint, {RawResult}>";
}

/// <summary>A class of which the other half is to be written.</summary>
/// <param name="Namespace">Its namespace; empty for none.</param>
/// <param name="Containers">The classes around it, outermost first, as declared: <c>partial class X</c>.</param>
/// <param name="Declaration">As declared: <c>partial class X</c>.</param>
/// <param name="Name">Its name.</param>
/// <param name="IsStatic">Whether it is static.</param>
/// <param name="Methods">Its methods.</param>
/// <param name="Faults">What is wrong with it; nothing is written then, but for warnings.</param>
internal sealed record BoundClass(string Namespace, EquatableList<string> Containers, string Declaration, string Name, bool IsStatic, EquatableList<BoundMethod> Methods, EquatableList<Fault> Faults)
{
    /// <summary>Name of the file to write.</summary>
    public string File(string kind) =>
        string.Concat((Namespace.Length == 0 ? "" : Namespace + ".") + string.Concat(Containers.Select(static x => x.Split(' ').Last() + ".")) + Name).Replace('@', '_') + "." + kind + ".g.cs";
}
