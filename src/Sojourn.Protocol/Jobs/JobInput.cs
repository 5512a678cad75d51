using System.Collections.Immutable;
using Sojourn.Primitives;

namespace Sojourn.Protocol.Jobs;

/// <summary>One input of a job. The guest finds it, read-only, at <c>/in/NAME</c>: a file, or a folder where the content is one.</summary>
/// <param name="Name">Its name under <c>/in</c>.</param>
/// <param name="Content">The content, sealed or plain.</param>
/// <param name="IsStandardInput">Whether the guest reads it as standard input instead.</param>
public sealed record JobInput(string Name, Cid Content, bool IsStandardInput = false);

/// <summary>A module that the program imports from. It has the capabilities it was granted, whatever the program has.</summary>
/// <param name="Name">The module name in the program's imports.</param>
/// <param name="Content">The code, sealed or plain.</param>
/// <param name="Inputs">Names of the inputs that it may read.</param>
/// <param name="MayWriteOutput">Whether it may write to <c>/output</c>.</param>
public sealed record JobLibrary(string Name, Cid Content, ImmutableArray<string> Inputs, bool MayWriteOutput);
