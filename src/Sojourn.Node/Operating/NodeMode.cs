namespace Sojourn.Node.Operating;

/// <summary>Whether a node enters draws.</summary>
public enum NodeMode
{
    /// <summary>It draws tickets.</summary>
    Taking,

    /// <summary>It draws none until it is resumed; what runs goes on. Survives a restart.</summary>
    Paused,

    /// <summary>It draws none and ends when nothing is engaged any more.</summary>
    Draining,
}
