using Sojourn.Wasm;

namespace Sojourn.Enclave.Running;

/// <summary>Tells, while a guest runs, how many hundredths of its fuel are burnt: whole numbers, at most two a second, and only where no guard watches what leaves.</summary>
internal sealed class FuelGauge : IDisposable
{
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(500);
    private readonly Store _store;
    private readonly ulong _fuelMax;
    private readonly Action<int> _tell;
    private readonly Lock _gate = new();
    private readonly Timer _timer;
    private int _last;
    private bool _ended;

    /// <summary>Begins.</summary>
    /// <param name="store">The guest's store.</param>
    /// <param name="fuelMax">Its fuel.</param>
    /// <param name="tell">Told the share; called on another thread.</param>
    public FuelGauge(Store store, ulong fuelMax, Action<int> tell)
    {
        _store = store;
        _fuelMax = fuelMax;
        _tell = tell;
        _timer = new Timer(_ => Look(), null, Every, Every);
    }

    /// <summary>Nothing is told any more once this returns.</summary>
    public void Dispose()
    {
        _timer.Dispose();
        lock (_gate)
        {
            _ended = true;
        }
    }

    private void Look()
    {
        lock (_gate)
        {
            if (_ended)
            {
                return;
            }

            var left = (ulong)Math.Max(0, _store.Fuel);
            var share = left >= _fuelMax ? 0 : (int)((UInt128)(_fuelMax - left) * 100 / _fuelMax);
            if (share == _last)
            {
                return;
            }

            _last = share;
            try
            {
                _tell(share);
            }
            catch (IOException)
            {
                _ended = true; // The node is gone; the guest's own thread will find out.
            }
        }
    }
}
