using System.Collections.Immutable;
using System.Threading.Channels;
using Sojourn.Protocol.Ports;

namespace Sojourn.Ledger.Embedded.Sequencing;

/// <summary>Hands new events to all who listen. A listener that falls behind is told to read the rest from disk.</summary>
internal sealed class EventFeed
{
    private const int QueueMax = 256;
    private readonly Lock _gate = new();
    private readonly List<Listener> _listeners = [];
    private bool _complete;

    public Listener Subscribe()
    {
        var listener = new Listener(this, Channel.CreateBounded<ImmutableArray<PositionedEvent>>(new BoundedChannelOptions(QueueMax) { SingleReader = true, SingleWriter = true, FullMode = BoundedChannelFullMode.Wait }));
        lock (_gate)
        {
            if (_complete)
            {
                listener.Channel.Writer.TryComplete();
            }
            else
            {
                _listeners.Add(listener);
            }
        }

        return listener;
    }

    public void Publish(ImmutableArray<PositionedEvent> events)
    {
        if (events.IsDefaultOrEmpty)
        {
            return;
        }

        lock (_gate)
        {
            for (var i = _listeners.Count - 1; i >= 0; i--)
            {
                if (!_listeners[i].Channel.Writer.TryWrite(events))
                {
                    // Too slow: it reads on from disk and subscribes again.
                    _listeners[i].Channel.Writer.TryComplete();
                    _listeners.RemoveAt(i);
                }
            }
        }
    }

    /// <summary>More is on disk than was told: every listener reads there and subscribes again.</summary>
    public void Rewind()
    {
        lock (_gate)
        {
            _listeners.ForEach(listener => listener.Channel.Writer.TryComplete());
            _listeners.Clear();
        }
    }

    public void Complete()
    {
        lock (_gate)
        {
            _complete = true;
            _listeners.ForEach(listener => listener.Channel.Writer.TryComplete());
            _listeners.Clear();
        }
    }

    public bool IsComplete
    {
        get
        {
            lock (_gate)
            {
                return _complete;
            }
        }
    }

    internal sealed class Listener(EventFeed feed, Channel<ImmutableArray<PositionedEvent>> channel) : IDisposable
    {
        public Channel<ImmutableArray<PositionedEvent>> Channel => channel;

        public void Dispose()
        {
            lock (feed._gate)
            {
                feed._listeners.Remove(this);
            }
        }
    }
}
