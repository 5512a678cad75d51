using System.Globalization;
using System.Text;

namespace Sojourn.Attestation.Devices.ConfigFs;

/// <summary>What the kernel gave: the report, what came beside it, and which platform made it.</summary>
internal sealed record TsmReport(string Provider, byte[] Report, byte[] Auxiliary);

/// <summary>
/// Asks the Linux kernel for a hardware report (Documentation/ABI/testing/configfs-tsm): make a folder, write at most 64 bytes to <c>inblob</c>, read
/// <c>outblob</c> and <c>auxblob</c>, and see by <c>generation</c> whether anybody else wrote in between.
/// </summary>
internal sealed class TsmReportReader(ITsmFileSystem files, string root)
{
    public const string DefaultRoot = "/sys/kernel/config/tsm/report";
    private const int ReportBytesMax = 64 * 1024;
    private const int AttemptsMax = 8;

    public TsmReport Read(ReadOnlySpan<byte> reportData, int? privilegeLevel)
    {
        if (reportData.Length is 0 or > 64)
        {
            throw new ArgumentException("inblob takes 1 to 64 bytes.", nameof(reportData));
        }

        var folder = $"{root}/sojourn-{Guid.NewGuid():n}";
        try
        {
            files.CreateDirectory(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AttestationDeviceException($"The kernel's report interface at {root} cannot be used ({e.Message}). Is this a confidential guest with Linux 6.7 or later, configfs mounted, and this user root?", e);
        }

        try
        {
            return Read(folder, reportData, privilegeLevel);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AttestationDeviceException($"The kernel's report interface at {root} failed ({e.Message}).", e);
        }
        finally
        {
            Remove(folder);
        }
    }

    private TsmReport Read(string folder, ReadOnlySpan<byte> reportData, int? privilegeLevel)
    {
        for (var attempt = 1; attempt <= AttemptsMax; attempt++)
        {
            var before = Generation(folder);
            var writes = 1L;
            if (privilegeLevel is { } level)
            {
                files.Write($"{folder}/privlevel", Encoding.ASCII.GetBytes(level.ToString(CultureInfo.InvariantCulture)));
                writes++;
            }

            files.Write($"{folder}/inblob", reportData);
            try
            {
                var report = files.Read($"{folder}/outblob", ReportBytesMax);
                var auxiliary = files.Exists($"{folder}/auxblob") ? files.Read($"{folder}/auxblob", ReportBytesMax) : [];
                var provider = Encoding.ASCII.GetString(files.Read($"{folder}/provider", 64)).Trim();
                // Our own writes count too; any other change means that the report may be for somebody else's data.
                if (Generation(folder) == before + writes && report.Length > 0)
                {
                    return new TsmReport(provider, report, auxiliary);
                }
            }
            catch (IOException) when (Generation(folder) != before + writes)
            {
                // The kernel refuses to give a report (EWOULDBLOCK) when the request changed under it: ask again.
            }
        }

        throw new AttestationDeviceException($"The kernel's report interface at {root} was written to by others {AttemptsMax} times in a row: no report is certainly ours.");
    }

    private long Generation(string folder) =>
        long.TryParse(Encoding.ASCII.GetString(files.Read($"{folder}/generation", 64)).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number : throw new AttestationDeviceException($"{folder}/generation is not a number.");

    private void Remove(string folder)
    {
        try
        {
            files.RemoveDirectory(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The report is what counts; an empty folder of configfs goes with the next restart.
        }
    }
}
