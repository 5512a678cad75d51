using Sojourn.Wasm.Run;

namespace Sojourn.Wasm;

/// <summary>A function of a guest or of the host.</summary>
public abstract class Function
{
    private protected Function(Store store, FunctionType type, nint record)
    {
        Store = store;
        Type = type;
        Record = record;
    }

    /// <summary>The store it lives in.</summary>
    public Store Store { get; }

    /// <summary>Its type; concrete reference types are identities of the store.</summary>
    public FunctionType Type { get; }

    /// <summary>Address of its <see cref="FunctionRecord"/>.</summary>
    internal nint Record { get; }

    /// <summary>Calls the function.</summary>
    /// <param name="arguments">As many and of the kinds as <see cref="Type"/> says.</param>
    /// <returns>The results.</returns>
    /// <exception cref="TrapException">The guest trapped.</exception>
    public Value[] Invoke(params ReadOnlySpan<Value> arguments)
    {
        var results = new Value[Type.Results.Length];
        Invoke(arguments, results);
        return results;
    }

    /// <summary>Calls the function without allocating.</summary>
    /// <param name="arguments">As many and of the kinds as <see cref="Type"/> says.</param>
    /// <param name="results">Receives the results; exactly as long as they are many.</param>
    /// <exception cref="TrapException">The guest trapped.</exception>
    public void Invoke(ReadOnlySpan<Value> arguments, Span<Value> results)
    {
        Store.CheckUsable();
        Check(arguments, results);
        Store.Enter();
        var depth = Store.Depth;
        try
        {
            Call(arguments, results);
        }
        catch (Exception fault) when (Traps.IsRaw(fault))
        {
            throw Traps.Translate(Store, fault);
        }
        finally
        {
            Store.Depth = depth;
            Store.Exit();
        }
    }

    /// <summary>A delegate that calls the function without boxing: parameters int, long, float, double, <c>Vector128&lt;byte&gt;</c>, <see cref="Function"/> or object, and at most one result.</summary>
    /// <typeparam name="TDelegate">A delegate type that fits <see cref="Type"/>.</typeparam>
    /// <exception cref="ArgumentException">The delegate does not fit.</exception>
    public TDelegate Bind<TDelegate>()
        where TDelegate : Delegate => (TDelegate)Binding.Create(this, typeof(TDelegate));

    /// <inheritdoc/>
    public override string ToString() => $"function {Type}";

    internal abstract void Call(ReadOnlySpan<Value> arguments, Span<Value> results);

    private void Check(ReadOnlySpan<Value> arguments, Span<Value> results)
    {
        if (arguments.Length != Type.Parameters.Length || results.Length != Type.Results.Length)
        {
            throw new ArgumentException($"The function is {Type}; {arguments.Length} arguments and room for {results.Length} results were given.");
        }

        for (var i = 0; i < arguments.Length; i++)
        {
            var wanted = Type.Parameters[i];
            if (arguments[i].Kind != wanted.Kind)
            {
                throw new ArgumentException($"Argument {i} is {arguments[i].Kind}, the function is {Type}.");
            }

            if (wanted.IsReference && !References.Fits(Store, arguments[i].Reference, wanted))
            {
                throw new ArgumentException($"Argument {i} is not a {wanted}.");
            }
        }
    }
}
