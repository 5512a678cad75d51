using System.Xml.Linq;
using Sojourn.Testing;

namespace Sojourn.Architecture.Tests;

/// <summary>Holds the project references against the map in ARCHITECTURE.md.</summary>
public sealed class ProjectMapTests
{
    // What a project may refer to directly. An arrow that is not here is a decision, to be taken in ARCHITECTURE.md first.
    private static readonly Dictionary<string, string[]> Allowed = new(StringComparer.Ordinal)
    {
        ["Primitives"] = [],
        ["Wasm"] = [],
        ["Content"] = ["Primitives"],
        ["Cryptography"] = ["Primitives"],
        ["Attestation"] = ["Primitives"],
        ["Protocol"] = ["Primitives", "Content", "Cryptography", "Attestation", "Wasm"],
        ["Content.Ipfs"] = ["Protocol", "Content", "Primitives"],
        ["Attestation.Devices"] = ["Protocol", "Attestation", "Primitives"],
        ["Ledger.Embedded"] = ["Protocol"],
        ["Ledger.Ethereum"] = ["Protocol"],
        ["Node"] = ["Protocol"],
        ["Enclave"] = ["Wasm", "Content", "Cryptography", "Attestation", "Protocol"],
        ["Hosting"] = ["Node", "Content.Ipfs", "Attestation.Devices", "Ledger.Embedded", "Ledger.Ethereum"],
        ["Cli"] = ["Hosting"],
        ["WebConsole"] = ["Hosting"],
        // Compile-time tools: referenced as analyzers, never at run time.
        ["Wasm.Generators"] = [],
        ["Ledger.Ethereum.Generators"] = [],
    };

    // Libraries that stand on the platform alone: no package may slip in, except analyzers.
    private static readonly string[] NoPackages = ["Primitives", "Wasm", "Content", "Cryptography", "Attestation", "Protocol", "Enclave"];

    public static TheoryData<string> Projects()
    {
        var data = new TheoryData<string>();
        foreach (var file in Directory.EnumerateFiles(Path.Combine(Vectors.Checkout, "src"), "*.csproj", SearchOption.AllDirectories))
        {
            data.Add(Path.GetFileNameWithoutExtension(file)["Sojourn.".Length..]);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void References_follow_the_map(string project)
    {
        Assert.True(Allowed.TryGetValue(project, out var allowed), $"Sojourn.{project} is not on the map.");
        var found = Load(project).Descendants("ProjectReference")
            .Where(reference => (string?)reference.Attribute("OutputItemType") != "Analyzer")
            .Select(reference => Path.GetFileNameWithoutExtension((string)reference.Attribute("Include")!)["Sojourn.".Length..]);
        Assert.Empty(found.Except(allowed!));
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void Libraries_stand_on_the_platform_alone(string project)
    {
        if (!NoPackages.Contains(project))
        {
            return;
        }

        Assert.Empty(Load(project).Descendants("PackageReference").Select(reference => (string)reference.Attribute("Include")!));
        Assert.Empty(Load(project).Descendants("FrameworkReference"));
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void Public_members_are_documented(string project)
    {
        // The compiler demands the documentation (CS1591 as an error); this holds that nobody switched it off.
        var text = File.ReadAllText(PathOf(project));
        Assert.DoesNotContain("1591", text, StringComparison.Ordinal);
        Assert.DoesNotContain("<GenerateDocumentationFile>false", text, StringComparison.OrdinalIgnoreCase);
        foreach (var source in Directory.EnumerateFiles(Path.GetDirectoryName(PathOf(project))!, "*.cs", SearchOption.AllDirectories))
        {
            if (source.Contains("/obj/", StringComparison.Ordinal) || source.Contains("/bin/", StringComparison.Ordinal))
            {
                continue;
            }

            Assert.False(File.ReadLines(source).Any(line => line.Contains("disable CS1591", StringComparison.Ordinal)), $"{source} switches CS1591 off.");
        }
    }

    private static string PathOf(string project) => Path.Combine(Vectors.Checkout, "src", $"Sojourn.{project}", $"Sojourn.{project}.csproj");

    private static XDocument Load(string project) => XDocument.Load(PathOf(project));
}
