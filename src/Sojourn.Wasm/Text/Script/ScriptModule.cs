using Sojourn.Wasm.Text.Emit;
using Sojourn.Wasm.Text.Lexing;

namespace Sojourn.Wasm.Text.Script;

/// <summary>How a script writes a module down.</summary>
internal enum ScriptModuleForm
{
    /// <summary>In the text format.</summary>
    Text,

    /// <summary>As bytes of the binary format.</summary>
    Binary,

    /// <summary>As strings that hold the text format.</summary>
    Quote,
}

/// <summary>A module in a script; it is read only when asked for, since it may be malformed on purpose.</summary>
internal sealed class ScriptModule
{
    private readonly TokenCursor? fields;
    private readonly byte[] bytes;

    internal ScriptModule(string? name, ScriptModuleForm form, TokenCursor? fields, byte[] bytes)
    {
        Name = name;
        Form = form;
        this.fields = fields;
        this.bytes = bytes;
    }

    public string? Name { get; }

    public ScriptModuleForm Form { get; }

    /// <summary>The module in the binary format.</summary>
    /// <exception cref="WatException">Its text is malformed.</exception>
    public byte[] ToBinary(WatOptions options) => Form switch
    {
        ScriptModuleForm.Binary => bytes,
        ScriptModuleForm.Quote => ModuleReader.ReadText(bytes, options),
        _ => ModuleReader.ReadFields(fields!.Fork(fields.At), Name, options),
    };
}
