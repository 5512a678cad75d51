using Sojourn.Benchmarks.Harness;

namespace Sojourn.Benchmarks.Content;

/// <summary>Rows of <c>./bench content</c> that belong together. Found by reflection, run in order.</summary>
public interface IContentRows
{
    /// <summary>Smaller comes first.</summary>
    int Order { get; }

    /// <summary>Measures.</summary>
    /// <param name="report">Collects rows.</param>
    /// <param name="folder">An empty folder for files; deleted afterwards.</param>
    void Run(BenchReport report, string folder);
}

/// <summary>The content layer: hashing, CARs, directories, storing, fetching.</summary>
public sealed class ContentSuite : IBenchSuite
{
    public string Name => "content";

    public void Run(BenchReport report)
    {
        var parts = typeof(IContentRows).Assembly.GetTypes()
            .Where(type => type is { IsClass: true, IsAbstract: false } && typeof(IContentRows).IsAssignableFrom(type))
            .Select(type => (IContentRows)Activator.CreateInstance(type)!)
            .OrderBy(part => part.Order);
        var only = Environment.GetEnvironmentVariable("SOJOURN_BENCH_ROWS");
        foreach (var part in parts.Where(part => only is null || part.GetType().Name.Contains(only, StringComparison.OrdinalIgnoreCase)))
        {
            var folder = Directory.CreateTempSubdirectory("sojourn-bench-").FullName;
            try
            {
                part.Run(report, folder);
            }
            finally
            {
                Directory.Delete(folder, recursive: true);
            }
        }
    }
}
