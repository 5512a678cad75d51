using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Sojourn.Node.Operating;
using Sojourn.Primitives;

namespace Sojourn.Hosting.Nodes;

/// <summary><c>GET /api/v1/jobs/JOB/progress</c> of a node's gateway: how far a job is there. Only what enclaves let anybody know.</summary>
internal static class ProgressEndpoint
{
    /// <summary>The path of a job's progress.</summary>
    /// <param name="job">The job.</param>
    public static string PathOf(in Digest job) => $"api/v1/jobs/{job}/progress";

    /// <summary>Maps it.</summary>
    /// <param name="routes">The gateway.</param>
    /// <param name="progress">What the node knows.</param>
    public static void MapProgress(this IEndpointRouteBuilder routes, JobProgress progress) =>
        routes.MapGet("/api/v1/jobs/{job}/progress", (string job) =>
            !Digest.TryParse(job, out var id) || progress.Of(id) is not { } found ? Results.NotFound()
                : Results.Text($$"""{"stage":"{{found.Stage.ToString().ToLowerInvariant()}}","done":{{found.Done}},"total":{{found.Total}}}""", "application/json"));
}
