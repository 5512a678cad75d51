using Sojourn.Attestation;
using Sojourn.Attestation.Tpm;

namespace Sojourn.Hosting.Proof;

/// <summary>Who enrols the software TPMs of a development network, kept in its folder, and what its verifiers and keepers therefore believe.</summary>
public sealed class DevelopmentAuthority : IDisposable
{
    private DevelopmentAuthority(EnrolmentAuthority authority)
    {
        Authority = authority;
        Collateral = Collateral.Empty.WithRoots(TrustStore.Vendors.WithRoot(authority.Certificate, AnchorUse.Tpm, AnchorClass.Enrolment)!);
    }

    /// <summary>Issues certificates.</summary>
    public EnrolmentAuthority Authority { get; }

    /// <summary>The vendors' roots and this authority's.</summary>
    public Collateral Collateral { get; }

    /// <summary>Opens the network's authority, or makes one.</summary>
    /// <param name="path">Its file: certificate and private key.</param>
    public static DevelopmentAuthority LoadOrCreate(string path)
    {
        if (File.Exists(path))
        {
            return new DevelopmentAuthority(EnrolmentAuthority.FromPem(File.ReadAllText(path)));
        }

        var made = EnrolmentAuthority.Create("Sojourn development enrolment", DateTimeOffset.UtcNow, TimeSpan.FromDays(3650));
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using (var file = new FileStream(path, options))
        {
            file.Write(System.Text.Encoding.ASCII.GetBytes(made.ExportPem()));
        }

        return new DevelopmentAuthority(made);
    }

    /// <summary>Lets the key go.</summary>
    public void Dispose() => Authority.Dispose();
}
