using Sojourn.Benchmarks.Harness;

var suites = typeof(IBenchSuite).Assembly.GetTypes()
    .Where(type => type is { IsClass: true, IsAbstract: false } && typeof(IBenchSuite).IsAssignableFrom(type))
    .Select(type => (IBenchSuite)Activator.CreateInstance(type)!)
    .OrderBy(suite => suite.Name, StringComparer.Ordinal).ToArray();

if (args.Length == 0 || args[0] is "-h" or "--help")
{
    Console.WriteLine("Usage: ./bench NAME…   measures side by side and writes benchmarks/RESULTS.md");
    Console.WriteLine($"Names: all {string.Join(' ', suites.Select(suite => suite.Name))}");
    return args.Length == 0 ? 2 : 0;
}

// "wasm" means "wasm-kernels", "wasm-programs" and so on.
static bool Means(string word, string name) => word == name || name.StartsWith(word + "-", StringComparison.Ordinal);

var chosen = args is ["all"] ? suites : [.. suites.Where(suite => args.Any(word => Means(word, suite.Name)))];
var unknown = args.Where(word => word != "all" && !suites.Any(suite => Means(word, suite.Name))).ToArray();
if (unknown.Length > 0)
{
    Console.Error.WriteLine($"bench: no suite is named {string.Join(", ", unknown)}; there are: {string.Join(' ', suites.Select(suite => suite.Name))}");
    return 2;
}

var root = Environment.GetEnvironmentVariable("SOJOURN_ROOT") ?? Directory.GetCurrentDirectory();
var commit = Environment.GetEnvironmentVariable("SOJOURN_COMMIT") ?? "unknown";
foreach (var suite in chosen)
{
    Console.WriteLine($"== {suite.Name}");
    var report = new BenchReport(suite.Name, Path.Combine(root, "benchmarks", "RESULTS.md"));
    suite.Run(report);
    report.Save(commit, DateTimeOffset.UtcNow);
}

return 0;
