using Sojourn.Wasm.Text.Emit;

namespace Sojourn.Wasm.Tests.Fuzz.Generation;

/// <summary>Value types as single characters, so that a stack is a string.</summary>
/// <remarks>
/// <c>iIfFv</c> are the numbers and vectors; <c>r e a q j s y x</c> the nullable func, extern, any, eq, i31, struct, array and exn references; the
/// same letters above <see cref="NonNullBase"/> are not nullable; types of the module lie above <see cref="ConcreteBase"/>, two each.
/// </remarks>
internal static class TypeLetter
{
    public const string Numbers = "iIfFv";
    private const char ConcreteBase = '\uE000';
    private const char NonNullBase = '\uF000';

    public static char Concrete(int type, bool nullable) => (char)(ConcreteBase + (2 * type) + (nullable ? 1 : 0));

    public static bool IsConcrete(char letter) => letter is >= ConcreteBase and < NonNullBase;

    public static bool IsReference(char letter) => !Numbers.Contains(letter);

    public static bool IsNullable(char letter) => IsConcrete(letter) ? ((letter - ConcreteBase) & 1) == 1 : letter < ConcreteBase;

    public static int TypeIndex(char letter) => (letter - ConcreteBase) / 2;

    public static char NonNull(char letter) => IsConcrete(letter) ? Concrete(TypeIndex(letter), false) : letter >= NonNullBase ? letter : (char)(NonNullBase + letter);

    public static char Nullable(char letter) => IsConcrete(letter) ? Concrete(TypeIndex(letter), true) : letter >= NonNullBase ? (char)(letter - NonNullBase) : letter;

    /// <summary>Writes the value type.</summary>
    public static void Write(BinaryBuffer into, char letter)
    {
        if (!IsReference(letter))
        {
            into.Byte(letter switch { 'i' => 0x7F, 'I' => 0x7E, 'f' => 0x7D, 'F' => 0x7C, _ => 0x7B });
            return;
        }

        if (IsConcrete(letter) || !IsNullable(letter))
        {
            into.Byte(IsNullable(letter) ? 0x63 : 0x64);
        }

        WriteHeap(into, letter);
    }

    /// <summary>Writes the heap type of a reference.</summary>
    public static void WriteHeap(BinaryBuffer into, char letter)
    {
        if (IsConcrete(letter))
        {
            into.S64(TypeIndex(letter));
        }
        else
        {
            into.Byte(Nullable(letter) switch { 'r' => 0x70, 'e' => 0x6F, 'a' => 0x6E, 'q' => 0x6D, 'j' => 0x6C, 's' => 0x6B, 'y' => 0x6A, _ => 0x69 });
        }
    }
}
