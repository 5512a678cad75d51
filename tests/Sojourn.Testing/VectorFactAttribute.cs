using Xunit;

namespace Sojourn.Testing;

/// <summary>A test that needs a vector file or folder; reported as skipped, by name, where it is absent.</summary>
public sealed class VectorFactAttribute : FactAttribute
{
    /// <summary>Marks the test.</summary>
    /// <param name="relative">The path below the vectors' root.</param>
    public VectorFactAttribute(string relative)
    {
        if (!Vectors.Has(relative))
        {
            Skip = $"vectors absent: {relative}";
        }
    }
}

/// <summary>A theory that needs a vector file or folder; reported as skipped, by name, where it is absent.</summary>
public sealed class VectorTheoryAttribute : TheoryAttribute
{
    /// <summary>Marks the theory.</summary>
    /// <param name="relative">The path below the vectors' root.</param>
    public VectorTheoryAttribute(string relative)
    {
        if (!Vectors.Has(relative))
        {
            Skip = $"vectors absent: {relative}";
        }
    }
}
