using System.Diagnostics;

namespace Sojourn.Cli.Output;

/// <summary>One line on standard error that tells how far long work has come: done, rate, time left. Silent unless standard error is a terminal.</summary>
/// <remarks>Advance from any thread; drawing happens at most five times a second, from a timer.</remarks>
internal sealed class ProgressLine : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);
    private readonly TextWriter? error;
    private readonly Lock drawing = new();
    private readonly Timer? timer;
    private readonly long started = Stopwatch.GetTimestamp();
    private readonly string verb;
    private readonly int width;
    private long done;
    private long total;
    private bool drawn;
    private bool closed;

    /// <summary>Starts a line.</summary>
    /// <param name="error">Standard error, or null where it is no terminal.</param>
    /// <param name="verb">What is being done: <c>adding</c>.</param>
    /// <param name="total">The bytes to do, or 0 where unknown.</param>
    /// <param name="width">The terminal's width in columns.</param>
    public ProgressLine(TextWriter? error, string verb, long total = 0, int width = 80)
    {
        this.error = error;
        this.verb = verb;
        this.total = total;
        this.width = width;
        timer = error is null ? null : new Timer(_ => Draw(), null, Interval, Interval);
    }

    /// <summary>The bytes done so far.</summary>
    public long Done => Interlocked.Read(ref done);

    /// <summary>Counts more bytes as done.</summary>
    public void Advance(long bytes) => Interlocked.Add(ref done, bytes);

    /// <summary>Learns that there is more (or less) to do.</summary>
    public void AddToTotal(long bytes) => Interlocked.Add(ref total, bytes);

    /// <summary>The line's text; a pure function, so that it can be tested.</summary>
    /// <param name="verb">What is being done.</param>
    /// <param name="done">Bytes done.</param>
    /// <param name="total">Bytes to do, or 0 where unknown.</param>
    /// <param name="elapsed">Time since the start.</param>
    public static string Format(string verb, long done, long total, TimeSpan elapsed)
    {
        var rate = elapsed.TotalSeconds > 0 ? done / elapsed.TotalSeconds : 0;
        var speed = $"{Human.Size((long)rate)}/s";
        if (total <= 0)
        {
            return $"{verb}  {Human.Size(done)}  {speed}  {Human.Time(elapsed)}";
        }

        var share = Math.Clamp((double)done / total, 0, 1);
        var left = rate > 0 ? Human.Time(TimeSpan.FromSeconds(Math.Min(Math.Max(0, total - done) / rate, 1e9))) : "?";
        return $"{verb}  {(int)(share * 100),3} %  {Human.Size(done)} of {Human.Size(total)}  {speed}  {left} left";
    }

    /// <summary>Removes the line, so that what is printed next starts clean.</summary>
    public void Dispose()
    {
        timer?.Dispose();
        lock (drawing)
        {
            closed = true;
            if (drawn)
            {
                error!.Write("\r\x1b[K");
                error.Flush();
            }
        }
    }

    private void Draw()
    {
        lock (drawing)
        {
            if (closed)
            {
                return;
            }

            var line = Format(verb, Done, Interlocked.Read(ref total), Stopwatch.GetElapsedTime(started));
            error!.Write("\r" + (line.Length < width ? line : line[..(width - 1)]) + "\x1b[K");
            error.Flush();
            drawn = true;
        }
    }
}
