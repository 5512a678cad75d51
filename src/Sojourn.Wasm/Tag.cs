namespace Sojourn.Wasm;

/// <summary>An exception tag: two tags are the same only if they are one object.</summary>
public sealed class Tag
{
    internal Tag(Store store, FunctionType payload, int typeIdentity)
    {
        Store = store;
        Type = new(payload);
        TypeIdentity = typeIdentity;
    }

    /// <summary>The store it lives in.</summary>
    public Store Store { get; }

    /// <summary>Its type.</summary>
    public TagType Type { get; }

    internal int TypeIdentity { get; }

    /// <summary>A tag of the host's.</summary>
    /// <param name="store">The store.</param>
    /// <param name="payload">A function type without results.</param>
    public static Tag Create(Store store, FunctionType payload)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(payload);
        return new(store, payload, store.Types.Intern(payload));
    }
}
