namespace Sojourn.Wasm.Text;

/// <summary>Why a text was refused: the closed list of faults that the text format can have.</summary>
/// <remarks>WebAssembly Core Specification 3.0, chapter 6 "Text Format".</remarks>
public enum TextFault
{
    /// <summary>The source is not UTF-8, or a name given by escapes is not.</summary>
    MalformedUtf8,

    /// <summary>A character that no token may hold.</summary>
    IllegalCharacter,

    /// <summary>A string without its closing quote.</summary>
    UnclosedString,

    /// <summary>A block comment without its end.</summary>
    UnclosedComment,

    /// <summary>An annotation without its closing parenthesis.</summary>
    UnclosedAnnotation,

    /// <summary><c>(@</c> that no identifier follows.</summary>
    EmptyAnnotationId,

    /// <summary><c>$</c> that no name follows.</summary>
    EmptyIdentifier,

    /// <summary>A word that is no keyword, instruction or number.</summary>
    UnknownOperator,

    /// <summary>A token that cannot stand here.</summary>
    UnexpectedToken,

    /// <summary>A number that does not fit its type.</summary>
    ConstantOutOfRange,

    /// <summary>An alignment that is no power of two.</summary>
    Alignment,

    /// <summary>A lane index that does not fit a byte.</summary>
    LaneIndex,

    /// <summary>Too few or too many lanes in a vector literal.</summary>
    LaneCount,

    /// <summary>A written-out function type that differs from the named one.</summary>
    InlineFunctionType,

    /// <summary>The label repeated at <c>end</c> or <c>else</c> is another one.</summary>
    MismatchingLabel,

    /// <summary>A symbolic name, or a type a signature is needed of, that is not defined.</summary>
    UnknownIdentifier,

    /// <summary>A symbolic name defined twice in one space.</summary>
    DuplicateIdentifier,

    /// <summary>An import after a definition.</summary>
    ImportOrder,

    /// <summary>A second start function.</summary>
    MultipleStart,

    /// <summary>The source is larger than the reader takes.</summary>
    TooLarge,
}
