namespace Sojourn.Node.Operating;

/// <summary>The operator's hand on a running node: pause, resume, drain. A pause is a file, so that a restart keeps it.</summary>
public sealed class NodeControl
{
    private readonly string? _marker;
    private readonly TaskCompletionSource _draining = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile NodeMode _mode;

    /// <summary>Reads the mode.</summary>
    /// <param name="stateFolder">The node's state folder; null keeps a pause in memory alone.</param>
    public NodeControl(string? stateFolder = null)
    {
        _marker = stateFolder is null ? null : Path.Combine(stateFolder, "paused");
        _mode = _marker is not null && File.Exists(_marker) ? NodeMode.Paused : NodeMode.Taking;
    }

    /// <summary>The mode.</summary>
    public NodeMode Mode => _mode;

    /// <summary>Completes when the node is told to drain.</summary>
    public Task Drained => _draining.Task;

    /// <summary>Draws no tickets any more; a running job goes on.</summary>
    public void Pause()
    {
        if (_mode != NodeMode.Draining)
        {
            if (_marker is not null)
            {
                File.WriteAllText(_marker, "");
            }

            _mode = NodeMode.Paused;
        }
    }

    /// <summary>Draws tickets again.</summary>
    public void Resume()
    {
        if (_mode != NodeMode.Draining)
        {
            if (_marker is not null)
            {
                File.Delete(_marker);
            }

            _mode = NodeMode.Taking;
        }
    }

    /// <summary>Draws no tickets any more and ends once nothing is engaged.</summary>
    public void Drain()
    {
        _mode = NodeMode.Draining;
        _draining.TrySetResult();
    }
}
