using System.Collections.Immutable;
using Sojourn.Primitives;
using Sojourn.Protocol.Ports;
using Sojourn.Protocol.Reasons;

namespace Sojourn.Protocol.Settlement;

/// <summary>What a side ledger owes the ledger that holds the money, between two positions of its one order of events.</summary>
/// <param name="From">The first position counted.</param>
/// <param name="To">The position after the last one counted: where the next settlement begins.</param>
/// <param name="Jobs">Jobs that closed in between.</param>
/// <param name="Payments">One payment for each withdrawal, in order; its details name ledger, position and reference.</param>
public sealed record SideSettlement(ulong From, ulong To, uint Jobs, ImmutableArray<BatchPayment> Payments)
{
    /// <summary>The most payments of one settlement: the batch's bound.</summary>
    public const int PaymentsMax = 1 << 20;

    /// <summary>Counts what happened on a side ledger: tokens that accounts withdrew there are paid here. Whoever follows the side ledger gets the same payments, and so the same root.</summary>
    /// <param name="ledger">The side ledger's genesis digest.</param>
    /// <param name="from">The first position.</param>
    /// <param name="events">Its events from there on, without gaps; reading stops when the batch is full.</param>
    /// <exception cref="InvalidDataException">Events are missing.</exception>
    public static SideSettlement Count(in Digest ledger, ulong from, IEnumerable<PositionedEvent> events)
    {
        ArgumentNullException.ThrowIfNull(events);
        var payments = ImmutableArray.CreateBuilder<BatchPayment>();
        var next = from;
        var jobs = 0u;
        foreach (var item in events)
        {
            if (item.Position != next)
            {
                throw new InvalidDataException($"Event {next} is missing: {item.Position} came.");
            }

            next++;
            if (item.Event.Kind == EventKind.Closed)
            {
                jobs++;
            }
            else if (item.Event is { Kind: EventKind.Line, Line: LineReason.Withdrawn })
            {
                payments.Add(new BatchPayment(item.Event.Account, item.Event.Amount, DetailsOf(ledger, item.Position, item.Event.Job)));
                if (payments.Count == PaymentsMax)
                {
                    break;
                }
            }
        }

        return new SideSettlement(from, next, jobs, payments.ToImmutable());
    }

    /// <summary>What a payment is for.</summary>
    /// <param name="ledger">The side ledger's genesis digest.</param>
    /// <param name="position">The position of the withdrawal's line there.</param>
    /// <param name="reference">The withdrawal's reference.</param>
    public static Digest DetailsOf(in Digest ledger, ulong position, in Digest reference) =>
        new ProtocolHash("sojourn/side-withdrawal/1").Add(ledger).Add(position).Add(reference).Finish();

    /// <summary>The batch to post with <see cref="Transactions.BatchPost"/>; null where nothing is owed.</summary>
    /// <param name="poster">Who posts it: whoever holds the side ledger's tokens.</param>
    public PaymentBatch? ToBatch(Address poster) => Payments.IsEmpty ? null : new PaymentBatch(poster, Payments);
}
