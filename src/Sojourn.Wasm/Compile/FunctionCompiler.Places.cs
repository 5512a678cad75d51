using Sojourn.Wasm.Compile.Il;

namespace Sojourn.Wasm.Compile;

/// <content>Where instructions go, noted only when a trap is to be explained.</content>
internal sealed partial class FunctionCompiler
{
    /// <summary>Set to have the places of the next function noted.</summary>
    public List<(IlLabel Label, int Offset)>? Places { get; init; }

    /// <summary>Offsets in IL and in the module, ascending, of the function last compiled.</summary>
    public IEnumerable<(int Il, int Wasm)> PlacesFound() => Places!.Select(place => (il.OffsetOf(place.Label), place.Offset));

    private void NotePlace(int offset)
    {
        if (Places is not null)
        {
            var label = il.DefineLabel();
            il.Mark(label);
            Places.Add((label, offset));
        }
    }
}
