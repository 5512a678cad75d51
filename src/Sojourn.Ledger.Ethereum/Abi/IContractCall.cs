namespace Sojourn.Ledger.Ethereum.Abi;

/// <summary>A call of one contract function with its arguments, made by the generator from a build artefact.</summary>
/// <typeparam name="TResult">What the function returns.</typeparam>
public interface IContractCall<TResult> : IContractCall
{
    /// <summary>Reads what the function returned.</summary>
    /// <param name="data">The returned bytes.</param>
    /// <param name="result">The result, unless there is a fault.</param>
    AbiFault TryReadResult(ReadOnlySpan<byte> data, out TResult result);
}

/// <summary>A call of one contract function with its arguments.</summary>
public interface IContractCall
{
    /// <summary>The function's signature, as its selector hashes it.</summary>
    string Signature { get; }

    /// <summary>Selector and arguments.</summary>
    byte[] Encode();
}

/// <summary>What a function without results returns.</summary>
public readonly record struct Nothing;

/// <summary>Marks a partial class that the generator fills with calls, events and errors of a contract.</summary>
/// <param name="artifact">The artefact's file name without its ending; the file is one of the project's additional files.</param>
[AttributeUsage(AttributeTargets.Class)]
public sealed class ContractBindingAttribute(string artifact) : Attribute
{
    /// <summary>The artefact's name.</summary>
    public string Artifact => artifact;
}
