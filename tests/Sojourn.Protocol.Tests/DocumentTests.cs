using System.Globalization;
using System.Text;
using Sojourn.Protocol.Reasons;
using Sojourn.Protocol.State;
using Sojourn.Protocol.Terms;
using Sojourn.Protocol.Transactions;
using Sojourn.Simulation.Model;
using Sojourn.Testing;

namespace Sojourn.Protocol.Tests;

/// <summary>The document's tables and its diagram are made from the code; SOJOURN_UPDATE_DOCS=1 writes them anew.</summary>
public sealed class DocumentTests
{
    private static string Document => Path.Combine(Vectors.Checkout, "docs", "protocol", "ledger.md");

    private static string Table<T>(string heads, Func<T, string?> row)
        where T : struct, Enum
    {
        var text = new StringBuilder().AppendLine($"| number | {heads} |").AppendLine("| --- | " + string.Join(" | ", heads.Split('|').Select(_ => "---")) + " |");
        foreach (var value in Enum.GetValues<T>())
        {
            if (row(value) is { } cells)
            {
                text.AppendLine(CultureInfo.InvariantCulture, $"| {Convert.ToInt32(value, CultureInfo.InvariantCulture)} | {cells} |");
            }
        }

        return text.ToString();
    }

    private static string Transactions() => Table<TransactionKind>("transaction | fields | nonce | unsigned", kind =>
        $"{kind} | {BodyCodec.FieldsOf(kind)} | {(kind <= TransactionKind.BatchPost ? "yes" : "no")} | {(kind is TransactionKind.Drive or TransactionKind.Payout or TransactionKind.StakeClaim or TransactionKind.BatchClaim or TransactionKind.BatchClose ? "yes" : "no")}");

    // Drawn from the code: every change of phase that life cycles of all sorts go through.
    private static string Diagram()
    {
        var edges = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var audit in new[] { 0u, 1u, 1_000_000u })
        {
            foreach (var executors in new[] { 1, 3 })
            {
                foreach (var script in Enumerable.Range(0, 9))
                {
                    Trace(edges, audit, executors, script);
                }
            }
        }

        return "```mermaid\nstateDiagram-v2\n    [*] --> Drawing\n" + string.Concat(edges.Select(edge => $"    {edge}\n")) + "    Closed --> [*]\n```\n";
    }

    private static void Trace(SortedSet<string> edges, uint audit, int executors, int script)
    {
        var bench = new Workbench(nodes: script == 6 ? 0 : 24, rules: Workbench.Rules with { AuditFloor = audit });
        var terms = Workbench.Terms(executors) with { RedrawsMax = 1 };
        // Nobody judges: one more committee is drawn for it.
        var id = bench.Post(script == 8 ? terms with { Modes = VerificationModes.Checker, Checker = Workbench.Content("checker") } : terms);
        for (var i = 0; i < 40 && bench.State.OpenJobs.ContainsKey(id); i++)
        {
            var liar = bench.Job(id).Round.Index == 0 && script == 1;
            if (bench.Job(id).Phase == JobPhase.Drawing && script != 6)
            {
                bench.Draw(id);
                if (script == 7)
                {
                    // Evidence that the verifiers do not accept, in every round.
                    foreach (var seat in bench.Job(id).Round.Executors.ToList())
                    {
                        bench.Must(bench[seat.Node], bench.EvidenceOf(bench[seat.Node], id));
                    }

                    foreach (var seat in bench.Job(id).Round.Verifiers.ToList())
                    {
                        _ = bench.Try(bench[seat.Node], bench.VotesOf(bench[seat.Node], id, _ => VoteVerdict.NotGenuine, index: bench.Job(id).Rounds.FindLastIndex(round => round.Executors.Count > 0)));
                    }
                }
                else if (script != 2 && bench.State.OpenJobs.ContainsKey(id) && bench.Job(id).Phase == JobPhase.Attesting)
                {
                    bench.Attest(id);
                    if (script == 3)
                    {
                        foreach (var seat in bench.Job(id).Round.Executors.ToList())
                        {
                            bench.Must(bench[seat.Node], new ResultFail(id, bench.Job(id).Round.Index, FailReason.CodeInvalid));
                        }
                    }
                    else if (script == 4 && executors > 1)
                    {
                        foreach (var seat in bench.Job(id).Round.Executors.ToList())
                        {
                            bench.Must(bench[seat.Node], bench.CommitOf(bench[seat.Node], id, "42"));
                        }
                    }
                    else if (script != 5)
                    {
                        var first = bench.Job(id).Round.Executors[0].Node;
                        bench.Run(id, node => liar && node.Address == first ? "wrong" : "42");
                    }
                }
            }

            bench.Reach(bench.State.Height + 5);
        }

        var phase = "Drawing";
        foreach (var item in bench.Events)
        {
            if (item.Kind == EventKind.Phase && ((JobPhase)item.Number).ToString() is var next && next != phase)
            {
                edges.Add($"{phase} --> {next}");
                phase = next;
            }
            else if (item.Kind == EventKind.Closed)
            {
                edges.Add($"{phase} --> Closed");
            }
        }
    }

    [Fact]
    public void The_tables_are_the_code_s()
    {
        var parts = new Dictionary<string, string>
        {
            ["transactions"] = Transactions(),
            ["phases"] = Table<JobPhase>("phase", phase => phase.ToString()),
            ["outcomes"] = Table<JobOutcome>("outcome", outcome => outcome.ToString()),
            ["seats"] = Table<SeatStatus>("status of an executor", status => status.ToString()),
            ["modes"] = Table<VerificationModes>("mode", mode => mode.ToString()),
            ["refusals"] = Table<Refusal>("refusal | words", refusal => $"{refusal} | {refusal.Words()}"),
            ["lines"] = Table<LineReason>("line | words", line => line == LineReason.None ? null : $"{line} | {line.Words()}"),
            ["events"] = Table<EventKind>("event", kind => kind.ToString()),
            ["diagram"] = Diagram(),
        };
        var text = File.ReadAllText(Document);
        foreach (var (name, made) in parts)
        {
            var begin = $"<!-- {name} -->\n";
            var end = $"<!-- end {name} -->";
            var from = text.IndexOf(begin, StringComparison.Ordinal);
            var to = text.IndexOf(end, StringComparison.Ordinal);
            Assert.True(from >= 0 && to > from, $"The document has no part '{name}'.");
            if (Environment.GetEnvironmentVariable("SOJOURN_UPDATE_DOCS") == "1")
            {
                text = text[..(from + begin.Length)] + made + text[to..];
            }
            else
            {
                Assert.Equal(made, text[(from + begin.Length)..to]);
            }
        }

        if (Environment.GetEnvironmentVariable("SOJOURN_UPDATE_DOCS") == "1")
        {
            File.WriteAllText(Document, text);
        }
    }

    [Fact]
    public void Every_reason_has_words()
    {
        Assert.All(Enum.GetValues<Refusal>(), refusal => Assert.DoesNotContain("does not know", refusal.Words(), StringComparison.Ordinal));
        Assert.All(Enum.GetValues<LineReason>(), line => Assert.DoesNotContain("does not know", line.Words(), StringComparison.Ordinal));
    }
}
