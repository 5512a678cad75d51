using System.Collections.Immutable;

namespace Sojourn.Wasm.Text.Script;

/// <summary>One command of a test script (the reference interpreter's <c>.wast</c> format).</summary>
/// <param name="Line">The line it starts at, from 1.</param>
internal abstract record ScriptCommand(int Line);

/// <summary>A module; instantiated at once unless it is only a definition.</summary>
internal sealed record ModuleCommand(int Line, ScriptModule Module, bool Definition) : ScriptCommand(Line);

/// <summary>A new instance of a definition.</summary>
internal sealed record InstanceCommand(int Line, string? Name, string? Definition) : ScriptCommand(Line);

/// <summary>Lets later modules import an instance under a name.</summary>
internal sealed record RegisterCommand(int Line, string As, string? Instance) : ScriptCommand(Line);

/// <summary>An action whose results do not matter.</summary>
internal sealed record ActionCommand(int Line, ScriptAction Action) : ScriptCommand(Line);

/// <summary>The action returns these results.</summary>
internal sealed record AssertReturn(int Line, ScriptAction Action, ImmutableArray<ResultPattern> Results) : ScriptCommand(Line);

/// <summary>The action, or the module's instantiation, traps.</summary>
internal sealed record AssertTrap(int Line, ScriptAction? Action, ScriptModule? Module, string Message) : ScriptCommand(Line);

/// <summary>The action runs out of stack.</summary>
internal sealed record AssertExhaustion(int Line, ScriptAction Action, string Message) : ScriptCommand(Line);

/// <summary>The action throws an exception that nobody catches.</summary>
internal sealed record AssertException(int Line, ScriptAction Action) : ScriptCommand(Line);

/// <summary>The module is well-formed but not valid.</summary>
internal sealed record AssertInvalid(int Line, ScriptModule Module, string Message) : ScriptCommand(Line);

/// <summary>The module is not well-formed.</summary>
internal sealed record AssertMalformed(int Line, ScriptModule Module, string Message) : ScriptCommand(Line);

/// <summary>The module is valid but its imports do not fit.</summary>
internal sealed record AssertUnlinkable(int Line, ScriptModule Module, string Message) : ScriptCommand(Line);
