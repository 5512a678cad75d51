using System.Diagnostics.CodeAnalysis;
using System.Text;
using Sojourn.Wasm.Text.Emit;
using Sojourn.Wasm.Text.Printing;

namespace Sojourn.Wasm.Text;

/// <summary>The text format of WebAssembly: from text to binary modules and back.</summary>
/// <remarks>WebAssembly Core Specification 3.0, chapter 6: every instruction and type of 3.0 is read. A text is only checked for
/// being well-formed; whether the module is valid is for the validator to say.</remarks>
public static class Wat
{
    /// <summary>Turns a text into a binary module.</summary>
    /// <param name="text">A <c>(module …)</c>, or its fields alone.</param>
    /// <param name="options">How to read; <see cref="WatOptions.Default"/> where null.</param>
    /// <returns>The module in the binary format.</returns>
    /// <exception cref="WatException">The text is malformed.</exception>
    public static byte[] ToBinary(string text, WatOptions? options = null) =>
        ToBinary(Encoding.UTF8.GetBytes(text), options);

    /// <summary>Turns a text into a binary module.</summary>
    /// <param name="utf8">The text in UTF-8.</param>
    /// <param name="options">How to read; <see cref="WatOptions.Default"/> where null.</param>
    /// <returns>The module in the binary format.</returns>
    /// <exception cref="WatException">The text is malformed.</exception>
    public static byte[] ToBinary(ReadOnlySpan<byte> utf8, WatOptions? options = null) =>
        ModuleReader.ReadText(utf8.ToArray(), options ?? WatOptions.Default);

    /// <summary>Writes a binary module as text. Read again, it gives the same module; custom sections other than names are left out.</summary>
    /// <param name="binary">The module; it need not be valid, but must decode.</param>
    /// <returns>The text.</returns>
    /// <exception cref="ModuleException">The bytes are not a module.</exception>
    public static string FromBinary(ReadOnlyMemory<byte> binary) => ModulePrinter.Print(binary);

    /// <summary>Turns a text into a binary module, or says why not.</summary>
    /// <param name="utf8">The text in UTF-8.</param>
    /// <param name="binary">The module.</param>
    /// <param name="error">What is wrong and where.</param>
    /// <param name="options">How to read; <see cref="WatOptions.Default"/> where null.</param>
    /// <returns>Whether the text is well-formed.</returns>
    public static bool TryToBinary(ReadOnlySpan<byte> utf8, [NotNullWhen(true)] out byte[]? binary, [NotNullWhen(false)] out WatException? error, WatOptions? options = null)
    {
        try
        {
            binary = ToBinary(utf8, options);
            error = null;
            return true;
        }
        catch (WatException fault)
        {
            binary = null;
            error = fault;
            return false;
        }
    }
}
