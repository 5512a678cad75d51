using Sojourn.Primitives;
using Sojourn.Protocol.Terms;

namespace Sojourn.Protocol.State;

/// <summary>One offer and its counts.</summary>
public sealed class OfferState
{
    internal OfferState(Digest id, Address owner, OfferTerms terms)
    {
        Id = id;
        Owner = owner;
        Terms = terms;
        ContentKey = Protocol.Terms.ContentKey.Of(terms.Content);
    }

    /// <summary>Its id.</summary>
    public Digest Id { get; }

    /// <summary>Who is paid.</summary>
    public Address Owner { get; }

    /// <summary>The terms.</summary>
    public OfferTerms Terms { get; }

    /// <summary>The content's key.</summary>
    public Digest ContentKey { get; }

    /// <summary>Whether new jobs are refused.</summary>
    public bool Withdrawn { get; internal set; }

    /// <summary>Jobs to which the key was released, as recorded here.</summary>
    public uint Uses { get; internal set; }

    /// <summary>Draws of executors for jobs on this content.</summary>
    public uint Draws { get; internal set; }

    /// <summary>Open jobs that will use it.</summary>
    public uint Pending { get; internal set; }

    internal OfferState Copy() => (OfferState)MemberwiseClone();
}
