namespace Sojourn.Benchmarks.Harness;

/// <summary>One named group of side-by-side measurements, run by <c>./bench NAME</c>. Found by reflection: a public parameterless class is enough.</summary>
public interface IBenchSuite
{
    /// <summary>The word after <c>./bench</c>.</summary>
    string Name { get; }

    /// <summary>Measures, and adds rows to the report as they are known.</summary>
    /// <param name="report">Collects rows, prints them, writes them to the results file.</param>
    void Run(BenchReport report);
}
