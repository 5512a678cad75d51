using System.CommandLine;
using System.Globalization;
using Sojourn.Attestation.References;
using Sojourn.Cli.Output;
using Sojourn.Cli.Running;

namespace Sojourn.Cli.Trust.Measuring;

/// <summary><c>sojourn trust measure</c>: what a confidential virtual machine's measurement will be, from what it is started with.</summary>
internal static class MeasureCommand
{
    public static Command Create() => new("measure", "Compute the measurement that a confidential virtual machine will show, for a policy's reference values.") { Snp(), Tdx() };

    private static Command Snp()
    {
        var firmware = Firmware();
        var kernel = new Option<string?>("--kernel") { Description = "The kernel that QEMU boots directly." };
        var initrd = new Option<string?>("--initrd") { Description = "Its initial file system." };
        var append = new Option<string?>("--append") { Description = "Its command line." };
        var processors = new Option<int>("--processors") { Description = "How many virtual processors.", DefaultValueFactory = _ => 1 };
        var model = new Option<string>("--cpu") { Description = "Their model: milan, genoa, turin, or FAMILY.MODEL.STEPPING in decimal.", DefaultValueFactory = _ => "milan" };
        var features = new Option<string>("--features") { Description = "SEV_FEATURES, hexadecimal; 1 is SNP alone.", DefaultValueFactory = _ => "1" };
        var command = new Command("snp", "The launch measurement of an SEV-SNP guest as QEMU starts it (OVMF with kernel hashes).") { firmware, kernel, initrd, append, processors, model, features, OutputOption.Create() };
        command.SetRun(run =>
        {
            var path = run.Get(firmware)!;
            var read = SnpFirmware.TryRead(TrustInputs.Bytes(path)) ?? throw new CliException(ExitCode.BadInput, $"{path} is not a firmware with SEV metadata", "OVMF built for SEV-SNP has it (OvmfPkg/AmdSev measures the kernel too).");
            if (run.Get(kernel) is null && (run.Has(initrd) || run.Has(append)))
            {
                throw new CliException(ExitCode.Usage, "--initrd and --append go with --kernel");
            }

            var boot = run.Get(kernel) is not { } kernelPath ? null
                : new DirectBoot(TrustInputs.Bytes(kernelPath), run.Get(initrd) is { } initrdPath ? TrustInputs.Bytes(initrdPath) : default, run.Get(append) ?? "");
            if (!ulong.TryParse(run.Get(features), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var bits))
            {
                throw new CliException(ExitCode.Usage, $"--features {run.Get(features)} is not a hexadecimal number");
            }

            var signature = Signature(run.Get(model)!);
            try
            {
                Print(run, [("launch", SnpBoot.Measure(read, boot, run.Get(processors), signature, bits))]);
            }
            catch (ArgumentException e)
            {
                throw new CliException(ExitCode.BadInput, $"{path}: {e.Message.Split(" (Parameter")[0]}");
            }

            if (boot is null)
            {
                run.Warn("no kernel was given: this measurement says nothing about what the firmware boots from a disk.");
            }

            return Task.CompletedTask;
        });
        return command;
    }

    private static Command Tdx()
    {
        var firmware = Firmware();
        var order = new Option<string>("--order") { Description = "How the monitor measures: page (KVM as in Linux) or section.", DefaultValueFactory = _ => "page" };
        order.AcceptOnlyFromAmong("page", "section");
        var log = new Option<string?>("--event-log") { Description = "The guest's CCEL log (/sys/firmware/acpi/tables/data/CCEL): the runtime registers that it leads to. It is not trusted: compare what it says happened." };
        var command = new Command("tdx", "MRTD of a TD from its firmware (TDVF), and runtime registers from an event log.") { firmware, order, log, OutputOption.Create() };
        command.SetRun(run =>
        {
            var path = run.Get(firmware)!;
            var sections = TdxMeasurement.ReadSections(TrustInputs.Bytes(path)) ?? throw new CliException(ExitCode.BadInput, $"{path} is not a firmware with TDVF metadata", "OVMF built for TDX (OvmfPkg/IntelTdx) has it.");
            var values = new List<(string, byte[])>();
            try
            {
                values.Add(("mrtd", TdxMeasurement.Mrtd(sections, run.Get(order) == "page" ? TdxMeasureOrder.PerPage : TdxMeasureOrder.PerSection)));
            }
            catch (ArgumentException e)
            {
                throw new CliException(ExitCode.BadInput, $"{path}: {e.Message.Split(" (Parameter")[0]}");
            }

            if (run.Get(log) is { } logPath)
            {
                var registers = TdxMeasurement.Registers(TrustInputs.Bytes(logPath)) ?? throw new CliException(ExitCode.BadInput, $"{logPath} is not an event log with SHA-384 digests");
                values.AddRange(registers.Select((register, i) => ($"rtmr{i}", register)));
            }

            Print(run, values);
            return Task.CompletedTask;
        });
        return command;
    }

    private static Option<string> Firmware() => new("--firmware") { Description = "The firmware's image, such as OVMF.fd.", Required = true };

    private static void Print(CommandRun run, IReadOnlyList<(string Name, byte[] Value)> values) => run.Results.List(
        values,
        new Column<(string Name, byte[] Value)>("measurement", v => v.Name),
        new Column<(string Name, byte[] Value)>("value", v => Convert.ToHexStringLower(v.Value)));

    private static uint Signature(string model)
    {
        switch (model.ToLowerInvariant())
        {
            case "milan":
                return SnpSaveArea.Signature(25, 1, 1);
            case "genoa":
                return SnpSaveArea.Signature(25, 17, 0);
            case "turin":
                return SnpSaveArea.Signature(26, 0, 0);
            default:
                var numbers = model.Split('.').Select(part => int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : -1).ToList();
                return numbers is [>= 0 and <= 270, >= 0 and <= 255, >= 0 and <= 15] ? SnpSaveArea.Signature(numbers[0], numbers[1], numbers[2])
                    : throw new CliException(ExitCode.Usage, $"--cpu {model} is neither milan, genoa, turin nor FAMILY.MODEL.STEPPING");
        }
    }
}
