using Sojourn.Primitives;

namespace Sojourn.Ledger.Ethereum;

/// <summary>The chain or the way to it failed.</summary>
public class EthereumException : Exception
{
    /// <summary>Says what failed.</summary>
    /// <param name="message">What, where, and what to do.</param>
    /// <param name="inner">The cause.</param>
    public EthereumException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}

/// <summary>No endpoint answered.</summary>
/// <param name="method">What was asked.</param>
/// <param name="inner">The last failure.</param>
public sealed class EndpointsUnreachableException(string method, Exception? inner)
    : EthereumException($"No endpoint of the chain answered {method}: {inner?.Message ?? "none is configured"}. Check the addresses and that the nodes run.", inner);

/// <summary>Endpoints contradict each other, or themselves: nothing they say is used until a person has looked.</summary>
/// <param name="what">On what.</param>
public sealed class EndpointsDisagreeException(string what)
    : EthereumException($"Endpoints of the chain disagree: {what}. One of them lies or is on another chain; remove it and start again.");

/// <summary>A node answered with something that proves itself wrong.</summary>
/// <param name="what">What.</param>
public sealed class LyingEndpointException(string what) : EthereumException($"The chain's endpoint gave an answer that is not true: {what}.");

/// <summary>A node refused a request.</summary>
/// <param name="method">What was asked.</param>
/// <param name="code">JSON-RPC's code.</param>
/// <param name="message">The node's words.</param>
/// <param name="data">What a reverted call returned; empty otherwise.</param>
public sealed class RpcRefusedException(string method, int code, string message, ReadOnlyMemory<byte> data = default)
    : EthereumException($"{method}: {message} ({code})")
{
    /// <summary>JSON-RPC's code.</summary>
    public int Code => code;

    /// <summary>The node's words.</summary>
    public string Reason => message;

    /// <summary>What a reverted call returned.</summary>
    public ReadOnlyMemory<byte> Returned => data;

    /// <summary>Whether a contract reverted.</summary>
    public bool IsRevert => code == 3 || !data.IsEmpty || message.Contains("revert", StringComparison.OrdinalIgnoreCase);
}

/// <summary>The chain was reorganised deeper than the window for undoing.</summary>
/// <param name="depth">How deep, at least.</param>
public sealed class ReorganisationTooDeepException(ulong depth) : EthereumException($"The chain was reorganised by more than {depth} blocks: everything is read again from the start.");

/// <summary>The endpoints show another chain than the one that was connected to.</summary>
/// <param name="what">By what it is seen.</param>
public sealed class OtherChainException(string what) : EthereumException($"This is not the chain that was connected to: {what}. Check the endpoint; connect again if the chain was begun anew.");

/// <summary>The gas price is above the cap.</summary>
/// <param name="baseFee">The base fee in wei.</param>
/// <param name="cap">The cap in wei.</param>
public sealed class FeeCapException(UInt128 baseFee, UInt128 cap) : EthereumException($"The base fee is {baseFee} wei, above the cap of {cap}: the transaction waits until it falls. Raise the cap to send now.");

/// <summary>Another user of the same key took a nonce.</summary>
/// <param name="account">Whose.</param>
/// <param name="nonce">Which.</param>
public sealed class NonceTakenException(Address account, ulong nonce) : EthereumException($"Nonce {nonce} of {account} was used by something else: is the key in use elsewhere?");
