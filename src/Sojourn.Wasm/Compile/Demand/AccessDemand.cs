using Sojourn.Wasm.Model;

namespace Sojourn.Wasm.Compile.Demand;

/// <summary>Accesses, by their offsets in the module, that must be kept from the platform's compiler.</summary>
/// <param name="Loads">Loads whose last byte is touched.</param>
/// <param name="Partial">Loads whose last byte may not be needed; those among them that are not touched must be read by their whole address.</param>
/// <param name="Stores">Stores of what may be a constant.</param>
internal sealed record AccessesWithCare(IReadOnlySet<int> Loads, IReadOnlySet<int> Partial, IReadOnlySet<int> Stores)
{
    /// <summary>Those of a function without any.</summary>
    public static AccessesWithCare None { get; } = new(new HashSet<int>(), new HashSet<int>(), new HashSet<int>());
}

/// <summary>Finds the loads of a function whose values may be needed in part or not at all, and the stores of what may be constants.</summary>
/// <remarks>
/// The platform's compiler makes such loads narrower: of eight bytes four are read where nothing is done with them, of four one where they are
/// masked with 255. Where guard pages catch accesses beyond the end, a load that begins inside and ends outside would then not trap. Code
/// for these loads touches their last byte as well. And it joins stores of constants side by side into one, which either happens or does not.
/// The function is read backwards, again and again until nothing changes: a bit of a local is needed at a place if it is on every way from there.
/// What decides a branch is needed if the two ways surely begin with different things that can be seen.
/// Only an expression is made narrower, never what a local holds: a local's one use may take the place of its definition, within straight code and early on.
/// So a value that is surely read twice is not cut by what reads it, nor is one that goes back to a loop's head, where ways meet.
/// </remarks>
internal sealed class AccessDemand
{
    private const int RoundsMax = 8;
    private const int LocalsTimesBlocksMax = 1 << 21;
    private const ulong TrapEffect = 1UL << 62;
    private const ulong ReturnEffect = 1UL << 63;
    private readonly FunctionTrace trace;
    private readonly ulong[] needs;
    private readonly Cuts[] cuts;
    private readonly bool[] reads;
    private readonly Place?[] labels;
    private readonly Place?[] arms;
    private readonly Place here;
    private readonly HashSet<int> found = [];
    private readonly HashSet<int> partial = [];
    private bool changed;

    private AccessDemand(FunctionTrace trace, int localCount)
    {
        this.trace = trace;
        needs = new ulong[trace.ValueCount];
        cuts = new Cuts[trace.ValueCount];
        reads = new bool[trace.ValueCount];
        labels = new Place?[trace.Blocks.Count];
        arms = new Place?[trace.Blocks.Count];
        here = new(localCount);
    }

    /// <summary>The accesses of a function that need care; null stands for all.</summary>
    /// <param name="trace">The function, or null where it cannot be followed.</param>
    /// <param name="localCount">Its parameters and locals.</param>
    public static AccessesWithCare? Of(FunctionTrace? trace, int localCount)
    {
        if (trace is null || (long)trace.Blocks.Count * Math.Max(localCount, 1) > LocalsTimesBlocksMax)
        {
            return null;
        }

        if (trace.Loads.Count == 0)
        {
            return trace.ConstantStores.Count == 0 ? AccessesWithCare.None : AccessesWithCare.None with { Stores = trace.ConstantStores };
        }

        var demand = new AccessDemand(trace, localCount);
        demand.Run();
        return new(demand.found, demand.partial, trace.ConstantStores);
    }

    private void Run()
    {
        foreach (var block in trace.Blocks)
        {
            if (block.Opcode == Opcode.Loop)
            {
                var head = labels[block.Id] = new(here.Needs.Length);
                head.Needs.AsSpan().Fill(block.HasExit ? ulong.MaxValue : 0);
                head.Reads.AsSpan().Fill(block.HasExit ? Place.ReadTwice : (byte)0);
            }
        }

        for (var round = 0; ; round++)
        {
            changed = false;
            Round();
            if (!changed)
            {
                return;
            }

            if (round == RoundsMax)
            {
                // Enough: nothing is needed where loops begin, every local may be cut, and all ways are alike.
                foreach (var block in trace.Blocks.Where(block => block.Opcode == Opcode.Loop))
                {
                    labels[block.Id]!.Assume(0, Cuts.Any, ulong.MaxValue);
                }

                Round();
                return;
            }
        }
    }

    private void Round()
    {
        found.Clear();
        partial.Clear();
        needs.AsSpan().Clear();
        cuts.AsSpan().Clear();
        reads.AsSpan().Clear();
        here.Assume(0, Cuts.None, trace.IsInlinable ? ulong.MaxValue : ReturnEffect);
        var steps = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(trace.Steps);
        for (var i = steps.Length - 1; i >= 0; i--)
        {
            Back(in steps[i]);
        }
    }

    private void Back(in Step step)
    {
        switch (step.Kind)
        {
            case StepKind.Compute:
                Compute(in step);
                break;
            case StepKind.Load:
                Load(in step);
                break;
            case StepKind.Get:
                here.Needs[step.Index] |= needs[step.Result];
                here.Cuts[step.Index] |= cuts[step.Result];
                if (reads[step.Result] && here.Reads[step.Index] < Place.ReadTwice)
                {
                    here.Reads[step.Index]++;
                }

                break;
            case StepKind.Set:
                Set(in step);
                break;
            case StepKind.Need:
                Raise(step.A, OperandRules.All, Cuts.None);
                Read(step.A);
                break;
            case StepKind.Narrow:
                Raise(step.A, 0, Cuts.Any);
                break;
            case StepKind.Join:
                Raise(step.A, needs[step.Result], cuts[step.Result]);
                Read(step.A, reads[step.Result]);
                break;
            case StepKind.Fork:
                Raise(step.A, needs[step.Result] & needs[step.B], cuts[step.Result] | cuts[step.B]);
                Read(step.A, reads[step.Result] && reads[step.B]);
                break;
            case StepKind.Effect:
                here.Effects = 1UL << step.Index;
                break;
            case StepKind.Doubt:
                here.Needs.AsSpan().Clear();
                here.Reads.AsSpan().Clear();
                here.Effects = ulong.MaxValue;
                break;
            case StepKind.Leave:
                here.Assume(0, Cuts.None, TrapEffect);
                break;
            default:
                Control(in step);
                break;
        }
    }

    private void Set(in Step step)
    {
        var tee = step.Result >= 0;
        var times = here.Reads[step.Index] + (tee && reads[step.Result] ? 1 : 0);
        var cut = times >= Place.ReadTwice ? Cuts.None : here.Cuts[step.Index] | (tee ? cuts[step.Result] : 0);
        Raise(step.A, here.Needs[step.Index] | (tee ? needs[step.Result] : 0), cut);
        Read(step.A, times > 0);
        here.Needs[step.Index] = 0;
        here.Cuts[step.Index] = Cuts.None;
        here.Reads[step.Index] = 0;
    }

    private void Control(in Step step)
    {
        var block = trace.Blocks[step.Index];
        switch (step.Kind)
        {
            case StepKind.Branch:
                here.Become(labels[step.Index]!);
                if (block.Opcode == Opcode.Loop)
                {
                    here.Cuts.AsSpan().Clear();
                }

                break;
            case StepKind.BranchIf:
                Decide(step.A, block.Opcode == Opcode.Loop, labels[step.Index]!);
                here.Meet(labels[step.Index]!, withCuts: block.Opcode != Opcode.Loop);
                break;
            case StepKind.Table:
                Raise(step.A, Place.Differs(labels[step.Index]!, labels[step.B]!) ? OperandRules.All << step.C : 0, Cuts.None);
                here.Become(labels[step.Index]!);
                break;
            case StepKind.End:
                if (block.Opcode != Opcode.Loop)
                {
                    Keep(ref labels[step.Index]);
                }

                break;
            case StepKind.Else:
                Keep(ref arms[step.Index]);
                here.Become(labels[step.Index]!);
                break;
            case StepKind.If:
                var other = (block.HasElse ? arms : labels)[step.Index]!;
                Decide(step.A, false, other);
                here.Meet(other);
                break;
            case StepKind.Loop:
                changed |= labels[step.Index]!.Head(here);
                break;
        }
    }

    // A branch back to a loop's head cannot be removed; others can where both ways do the same.
    private void Decide(int value, bool back, Place other)
    {
        if (value >= 0)
        {
            var decides = back || Place.Differs(here, other);
            Raise(value, decides ? OperandRules.All : 0, Cuts.None);
            Read(value, decides);
        }
    }

    private void Compute(in Step step)
    {
        var (need, cut) = step.Result < 0 ? (0UL, Cuts.None) : (needs[step.Result], cuts[step.Result]);
        if (step.A >= 0)
        {
            var (first, firstCut) = OperandRules.First(trace, in step, need, cut);
            Raise(step.A, first, firstCut);
        }

        if (step.B >= 0)
        {
            var (second, secondCut) = OperandRules.Second(trace, in step, need, cut);
            Raise(step.B, second, secondCut);
            if (step.Opcode is (>= Opcode.I32DivS and <= Opcode.I32RemU) or (>= Opcode.I64DivS and <= Opcode.I64RemU) && !trace.TryConstant(step.B, out _))
            {
                here.Effects |= TrapEffect;
            }
        }
        else if (step.Opcode is (>= Opcode.I32TruncF32S and <= Opcode.I32TruncF64U) or (>= Opcode.I64TruncF32S and <= Opcode.I64TruncF64U))
        {
            here.Effects |= TrapEffect;
        }

        if (step.C >= 0)
        {
            Raise(step.C, 0, Cuts.None);
        }

        if ((step.Result < 0 || reads[step.Result]) && ReadsOperands(in step))
        {
            Read(step.A);
            Read(step.B);
        }
    }

    // Whether the operands are read for sure where the result is: the platform's compiler reads IL with an eye on constants.
    private bool ReadsOperands(in Step step)
    {
        var position = step.Opcode switch
        {
            >= Opcode.I32Add and <= Opcode.I32Rotr => step.Opcode - Opcode.I32Add,
            >= Opcode.I64Add and <= Opcode.I64Rotr => step.Opcode - Opcode.I64Add,
            >= Opcode.I32Store and <= Opcode.I64Store32 => 0,
            Opcode.I32WrapI64 or Opcode.I64ExtendI32S or Opcode.I64ExtendI32U => 0,
            _ => -1,
        };
        return position switch
        {
            // Add, sub, xor and rotations by what is no constant, or by a constant; stores.
            0 or 1 or 9 => true,
            >= 10 => trace.TryConstant(step.B, out _),

            // With constants that decide by themselves a product or mask may need nothing else.
            2 or 7 or 8 => !IsPlain(step.A) && !IsPlain(step.B),
            _ => false,
        };

        bool IsPlain(int value) => trace.TryConstant(value, out var constant) && constant is 0 or -1 or uint.MaxValue;
    }

    private void Read(int value, bool isRead = true)
    {
        if (value >= 0 && isRead && !trace.MayBeDropped(value))
        {
            reads[value] = true;
        }
    }

    private void Load(in Step step)
    {
        var site = trace.Loads[step.Index];
        var need = needs[step.Result];
        var cut = cuts[step.Result];
        var vector = (int)site.Opcode >> 16 == 0xFD;
        var fine = site.Opcode switch
        {
            Opcode.V128Load32Zero or Opcode.V128Load64Zero or (>= Opcode.V128Load8Lane and <= Opcode.V128Load64Lane) => (need & 0xFFFF) == 0xFFFF,
            _ when vector => (need & 0x8000) != 0,
            Opcode.I32Load16S or Opcode.I32Load8S => (need & 0xFFFF_FFFF & ~((1UL << ((8 * site.Width) - 8)) - 1)) != 0,
            Opcode.I64Load16S or Opcode.I64Load32S or Opcode.I64Load8S => need >> ((8 * site.Width) - 8) != 0,
            _ => ((need >> ((8 * site.Width) - 8)) & 0xFF) != 0,
        };
        if (!fine)
        {
            partial.Add(site.Offset);

            // Small integers that nobody needs are read as they are.
            fine = site.Width == 1 || (site.Width == 2 && (cut & Cuts.ToByte) == 0) || (site.Width == 4 && cut == Cuts.None && !vector);
        }

        if (!fine)
        {
            found.Add(site.Offset);
        }
    }

    private void Raise(int value, ulong need, Cuts cut)
    {
        cuts[value] |= cut;
        if (!trace.MayBeDropped(value))
        {
            needs[value] |= need;
        }
    }

    private void Keep(ref Place? place)
    {
        place ??= new(here.Needs.Length);
        place.Become(here);
    }

    /// <summary>What is known of the ways from a place.</summary>
    private sealed class Place(int localCount)
    {
        public ulong[] Needs { get; } = new ulong[localCount];

        public const byte ReadTwice = 2;

        public Cuts[] Cuts { get; } = new Cuts[localCount];

        /// <summary>How often a local is surely read before it is written again: never, once, twice or more.</summary>
        public byte[] Reads { get; } = new byte[localCount];

        /// <summary>What may be the first thing that happens and can be seen.</summary>
        public ulong Effects { get; set; }

        public void Assume(ulong need, Cuts cut, ulong effects)
        {
            Needs.AsSpan().Fill(need);
            Cuts.AsSpan().Fill(cut);
            Reads.AsSpan().Clear();
            Effects = effects;
        }

        public void Become(Place other)
        {
            other.Needs.CopyTo(Needs.AsSpan());
            other.Cuts.CopyTo(Cuts.AsSpan());
            other.Reads.CopyTo(Reads.AsSpan());
            Effects = other.Effects;
        }

        public void Meet(Place other, bool withCuts = true)
        {
            for (var i = 0; i < Needs.Length; i++)
            {
                Needs[i] &= other.Needs[i];
                Cuts[i] |= withCuts ? other.Cuts[i] : default;
                Reads[i] = Math.Min(Reads[i], other.Reads[i]);
            }

            Effects |= other.Effects;
        }

        /// <summary>Takes what a round has found for a loop's head: needs only ever become less, the rest more.</summary>
        public bool Head(Place found)
        {
            var changed = (Effects | found.Effects) != Effects;
            Effects |= found.Effects;
            for (var i = 0; i < Needs.Length; i++)
            {
                var (need, cut, read) = (Needs[i] & found.Needs[i], Cuts[i] | found.Cuts[i], Math.Min(Reads[i], found.Reads[i]));
                changed |= need != Needs[i] || cut != Cuts[i] || read != Reads[i];
                (Needs[i], Cuts[i], Reads[i]) = (need, cut, read);
            }

            return changed;
        }

        public static bool Differs(Place one, Place other) => (one.Effects | other.Effects) != 0 && (one.Effects & other.Effects) == 0;
    }
}
