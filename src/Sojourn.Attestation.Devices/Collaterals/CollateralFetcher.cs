using System.Net;
using System.Text;
using Sojourn.Attestation.Dcap;
using Sojourn.Attestation.SevSnp;
using Sojourn.Attestation.X509;

namespace Sojourn.Attestation.Devices.Collaterals;

/// <summary>Where the vendors serve collateral.</summary>
public sealed record CollateralServices
{
    /// <summary>AMD's key distribution service.</summary>
    public Uri AmdKds { get; init; } = new("https://kdsintf.amd.com");

    /// <summary>Intel's provisioning certification service, version 4; a data centre's own cache (PCCS) speaks the same.</summary>
    public Uri IntelPcs { get; init; } = new("https://api.trustedservices.intel.com");

    /// <summary>Intel's root revocation list.</summary>
    public Uri IntelRootList { get; init; } = new("https://certificates.trustedservices.intel.com/IntelSGXRootCA.der");
}

/// <summary>Fetches what a piece of evidence needs into a <see cref="CollateralStore"/>. Never called from inside a verifier.</summary>
/// <param name="http">The client; its time-out bounds every request.</param>
/// <param name="services">Where the vendors serve.</param>
/// <param name="store">Where to put it.</param>
public sealed class CollateralFetcher(HttpClient http, CollateralServices services, CollateralStore store)
{
    private const int BytesMax = 16 * 1024 * 1024;

    /// <summary>Fetches what this evidence needs.</summary>
    /// <param name="evidence">The evidence; it is not trusted, only asked what it is about.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>The items that were written.</returns>
    /// <exception cref="AttestationDeviceException">A service does not answer, or with something else.</exception>
    /// <exception cref="CollateralException">No service has anything for this kind, or what it gave is not its vendor's word.</exception>
    public async ValueTask<IReadOnlyList<CollateralItem>> FetchForAsync(Evidence evidence, CancellationToken cancellation)
    {
        var items = new List<CollateralItem>();
        switch (evidence.Kind)
        {
            case EvidenceKind.SevSnp:
                await AmdAsync(evidence[EvidencePart.Report], !evidence.Has(EvidencePart.Certificates), items, cancellation).ConfigureAwait(false);
                break;
            case EvidenceKind.AzureSnp when evidence[EvidencePart.Report].Length >= 32 + SnpReport.Length:
                await AmdAsync(evidence[EvidencePart.Report].Slice(32, SnpReport.Length), !evidence.Has(EvidencePart.Certificates), items, cancellation).ConfigureAwait(false);
                break;
            case EvidenceKind.Tdx or EvidenceKind.Sgx:
                await IntelAsync(evidence[EvidencePart.Report], items, cancellation).ConfigureAwait(false);
                break;
            case EvidenceKind.AzureTdx:
                await IntelAsync(evidence[EvidencePart.TdQuote], items, cancellation).ConfigureAwait(false);
                break;
            default:
                throw new CollateralException($"Nothing can be fetched for evidence of kind {evidence.Kind}: no service gives it collateral. Import its certificates and lists.");
        }

        return items;
    }

    private async ValueTask AmdAsync(ReadOnlyMemory<byte> bytes, bool leafToo, List<CollateralItem> items, CancellationToken cancellation)
    {
        if (bytes.Length != SnpReport.Length)
        {
            throw new AttestationDeviceException("The SNP report has not its length, so nothing can be fetched for it.");
        }

        var report = new SnpReport(bytes);
        var leafNeeded = leafToo && report.SigningKey == 0;
        byte[]? leaf = null;
        SnpProduct product = SnpProduct.Unknown;
        foreach (var candidate in Candidates(report))
        {
            product = candidate;
            if (leafNeeded && (leaf = await TryGetAsync(VcekQuery(report, candidate), cancellation).ConfigureAwait(false)) is null)
            {
                continue;
            }

            break;
        }

        if (leafNeeded)
        {
            items.AddRange(Take(CollateralKind.Certificates, services.AmdKds, leaf ?? throw new AttestationDeviceException($"{services.AmdKds} knows no key of this chip at the TCB that the report states.")));
        }

        var service = report.SigningKey == 1 ? "vlek" : "vcek";
        items.AddRange(Take(CollateralKind.Certificates, services.AmdKds, await GetAsync(new Uri(services.AmdKds, $"/{service}/v1/{product}/cert_chain"), cancellation).ConfigureAwait(false)));
        items.AddRange(Take(CollateralKind.List, services.AmdKds, await GetAsync(new Uri(services.AmdKds, $"/{service}/v1/{product}/crl"), cancellation).ConfigureAwait(false)));
    }

    /// <summary>The generations that a report may come from: a version 2 report does not say.</summary>
    private static SnpProduct[] Candidates(SnpReport report) => report.Version < 3 ? [SnpProduct.Milan, SnpProduct.Genoa]
        : SnpProducts.FromProcessor(report.CpuFamily, report.CpuModel) is not SnpProduct.Unknown and var known ? [known]
        : throw new AttestationDeviceException($"The report is of processor family {report.CpuFamily:x}h model {report.CpuModel:x}h, which is no generation that is known here.");

    private Uri VcekQuery(SnpReport report, SnpProduct product)
    {
        var tcb = SnpTcb.Read(report.ReportedTcb.Span, product);
        var id = Convert.ToHexStringLower(product == SnpProduct.Turin ? report.ChipId.Span[..8] : report.ChipId.Span);
        var fmc = product == SnpProduct.Turin ? $"fmcSPL={tcb.Fmc:00}&" : "";
        return new Uri(services.AmdKds, $"/vcek/v1/{product}/{id}?{fmc}blSPL={tcb.BootLoader:00}&teeSPL={tcb.Tee:00}&snpSPL={tcb.Snp:00}&ucodeSPL={tcb.Microcode:00}");
    }

    private async ValueTask IntelAsync(ReadOnlyMemory<byte> bytes, List<CollateralItem> items, CancellationToken cancellation)
    {
        if (DcapQuote.TryParse(bytes, new Findings()) is not { CertificationType: 5 } quote || Pem.TryCertificates(quote.CertificationData) is not [var leaf, .. var issuers] || PckExtensions.TryRead(leaf) is not { } pck)
        {
            throw new AttestationDeviceException("The quote holds no PCK certificate, so the platform's collateral cannot be named.");
        }

        var technology = quote.IsTdx ? "tdx" : "sgx";
        var fmspc = Convert.ToHexString(pck.Fmspc.Span);
        var authority = leaf.IssuerWords.Contains("Processor", StringComparison.Ordinal) ? "processor" : "platform";
        // Who issued the platform's certificate signs its list too, so that one's certificate is needed beside it; it travels with the quote, and is believed no sooner than its signature.
        foreach (var issuer in issuers)
        {
            items.AddRange(Take(CollateralKind.Certificates, services.IntelPcs, issuer.Raw));
        }

        items.AddRange(await SignedAsync($"/{technology}/certification/v4/tcb?fmspc={fmspc}", "TCB-Info-Issuer-Chain", cancellation).ConfigureAwait(false));
        items.AddRange(await SignedAsync($"/{technology}/certification/v4/qe/identity", "SGX-Enclave-Identity-Issuer-Chain", cancellation).ConfigureAwait(false));
        items.AddRange(Take(CollateralKind.List, services.IntelPcs, await GetAsync(new Uri(services.IntelPcs, $"/sgx/certification/v4/pckcrl?ca={authority}&encoding=der"), cancellation).ConfigureAwait(false)));
        items.AddRange(Take(CollateralKind.List, services.IntelRootList, await GetAsync(services.IntelRootList, cancellation).ConfigureAwait(false)));
    }

    private async ValueTask<IReadOnlyList<CollateralItem>> SignedAsync(string path, string header, CancellationToken cancellation)
    {
        using var response = await SendAsync(new Uri(services.IntelPcs, path), cancellation).ConfigureAwait(false);
        if (!response.Headers.TryGetValues(header, out var values))
        {
            throw new AttestationDeviceException($"{services.IntelPcs} answered {path} without the header {header}.");
        }

        var chain = Encoding.ASCII.GetBytes(WebUtility.UrlDecode(string.Concat(values)));
        return Take(CollateralKind.Document, services.IntelPcs, await BodyAsync(response, cancellation).ConfigureAwait(false), chain);
    }

    /// <summary>A service can give what it was asked for and nothing else: no bundle, no root, no custody statement.</summary>
    private IReadOnlyList<CollateralItem> Take(CollateralKind kind, Uri service, ReadOnlyMemory<byte> bytes, ReadOnlyMemory<byte> chain = default) =>
        store.Import([new CollateralInput($"the answer of {service.Host}", bytes) { Kind = kind, Chain = chain }], CollateralConsent.None);

    private async ValueTask<byte[]> GetAsync(Uri uri, CancellationToken cancellation)
    {
        using var response = await SendAsync(uri, cancellation).ConfigureAwait(false);
        return await BodyAsync(response, cancellation).ConfigureAwait(false);
    }

    /// <summary>The body, or null where the service answers that there is none.</summary>
    private async ValueTask<byte[]?> TryGetAsync(Uri uri, CancellationToken cancellation)
    {
        using var response = await SendAsync(uri, cancellation, absenceIsAnAnswer: true).ConfigureAwait(false);
        return response.StatusCode == HttpStatusCode.NotFound ? null : await BodyAsync(response, cancellation).ConfigureAwait(false);
    }

    private async ValueTask<HttpResponseMessage> SendAsync(Uri uri, CancellationToken cancellation, bool absenceIsAnAnswer = false)
    {
        HttpResponseMessage response;
        try
        {
            response = await http.GetAsync(uri, HttpCompletionOption.ResponseHeadersRead, cancellation).ConfigureAwait(false);
        }
        catch (Exception e) when (e is HttpRequestException || (e is TaskCanceledException && !cancellation.IsCancellationRequested))
        {
            throw new AttestationDeviceException($"{uri.Host} cannot be reached ({e.Message}). Fetch on a machine that can, and import the bundle here.", e);
        }

        if (response.IsSuccessStatusCode || (absenceIsAnAnswer && response.StatusCode == HttpStatusCode.NotFound))
        {
            return response;
        }

        var status = (int)response.StatusCode;
        response.Dispose();
        throw new AttestationDeviceException($"{uri} answered {status}{(status == 429 ? ": too many requests; wait and fetch again" : "")}.");
    }

    private static async ValueTask<byte[]> BodyAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        var stream = await response.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false);
        await using var reading = stream.ConfigureAwait(false);
        var body = new MemoryStream();
        var buffer = new byte[16 * 1024];
        for (int got; (got = await stream.ReadAsync(buffer, cancellation).ConfigureAwait(false)) > 0;)
        {
            if (body.Length + got > BytesMax)
            {
                throw new AttestationDeviceException($"{response.RequestMessage?.RequestUri} answered with more than {BytesMax} bytes.");
            }

            body.Write(buffer, 0, got);
        }

        return body.ToArray();
    }
}
