namespace Sojourn.Wasm.Tests.Fuzz.Generation;

/// <content>Statements and control: each leaves the stack as it was, but for blocks with results.</content>
internal sealed partial class FunctionGenerator
{
    private void Statements(int count)
    {
        for (var i = 0; i < count && budget > 0; i++)
        {
            depth++;
            Statement();
            depth--;
        }
    }

    private void Statement()
    {
        budget--;
        if (depth > DepthMax)
        {
            code.Byte(0x01);
            return;
        }

        var letter = random.Pick(Letters.ToCharArray());
        switch (random.Below(26))
        {
            case < 4:
                Expression(letter);
                code.Byte(0x21);
                code.U32(Local(letter));
                break;
            case < 7:
                Expression(letter);
                code.Byte(0x24);
                code.U32(GlobalOf(letter));
                break;
            case < 12:
                Operation(random.Pick(module.Opcodes.ByResult[' ']));
                break;
            case < 16:
                Block("");
                break;
            case 16:
                Expression(letter);
                code.Byte(0x1A);
                break;
            case 17:
                Branch();
                break;
            case 18:
                BranchTable();
                break;
            case 19 or 20:
                CallFor("");
                break;
            case 21:
                BulkMemory();
                break;
            case 22:
                BulkTable();
                break;
            case 23 when random.OneIn(4):
                Leave();
                break;
            case 24:
                Expression('r');
                code.Byte(0x21);
                code.U32(locals.Length - 1);
                break;
            default:
                Conditional();
                break;
        }
    }

    /// <summary>A block, loop or if, now and then with parameters and several results.</summary>
    private void Block(string results)
    {
        var parameters = random.OneIn(5) ? random.Pick(Letters.ToCharArray()).ToString() : "";
        var extra = results.Length > 0 && random.OneIn(6) ? random.Pick(Letters.ToCharArray()).ToString() : "";
        var all = results + extra;
        var kind = random.Below(3);
        Values(parameters);
        if (kind == 2)
        {
            Expression('i');
        }

        code.Byte(0x02 + kind);
        BlockType(parameters, all);
        labels.Add(kind == 1 ? parameters : all);
        Inside(parameters, all, loop: kind == 1);
        if (kind == 2 && (all.Length > 0 || parameters.Length > 0 || random.OneIn(2)))
        {
            code.Byte(0x05);
            Inside(parameters, all, loop: false);
        }

        labels.RemoveAt(labels.Count - 1);
        code.Byte(0x0B);
        if (extra.Length > 0)
        {
            code.Byte(0x1A);
        }
    }

    private void Inside(string parameters, string results, bool loop)
    {
        foreach (var letter in parameters.Reverse())
        {
            code.Byte(0x21);
            code.U32(Local(letter));
        }

        if (loop)
        {
            Step();
        }

        Statements(1 + random.Below(3));
        if (loop && random.OneIn(2))
        {
            // Go round again, so that loops loop.
            Values(parameters);
            Expression('i');
            code.Append([0x0D, 0]);
            Drop(parameters);
        }

        Values(results);
    }

    private void BlockType(string parameters, string results)
    {
        if (parameters.Length == 0 && results.Length <= 1)
        {
            code.Byte(results.Length == 0 ? 0x40 : Signature.Code(results[0]));
        }
        else
        {
            code.S64(module.TypeOf(new(parameters, results)));
        }
    }

    private void Drop(string types)
    {
        for (var i = 0; i < types.Length; i++)
        {
            code.Byte(0x1A);
        }
    }

    private void Conditional()
    {
        var label = random.Below(labels.Count);
        var types = labels[labels.Count - 1 - label];
        Values(types);
        Expression('i');
        code.Byte(0x0D);
        code.U32(label);
        Drop(types);
    }

    /// <summary>An expression that may leave for a label of its own type.</summary>
    private void ConditionalBranch(char letter)
    {
        var candidates = Enumerable.Range(0, labels.Count).Where(i => labels[labels.Count - 1 - i] == letter.ToString()).ToArray();
        if (candidates.Length == 0)
        {
            Leaf(letter);
            return;
        }

        Expression(letter);
        Expression('i');
        code.Byte(0x0D);
        code.U32(random.Pick(candidates));
    }

    private void Branch()
    {
        // Wrapped, so that what follows is not all dead.
        Expression('i');
        code.Append([0x04, 0x40]);
        labels.Add("");
        var label = random.Below(labels.Count);
        Values(labels[labels.Count - 1 - label]);
        code.Byte(0x0C);
        code.U32(label);
        if (random.OneIn(3))
        {
            Statements(1);
        }

        labels.RemoveAt(labels.Count - 1);
        code.Byte(0x0B);
    }

    private void BranchTable()
    {
        code.Append([0x02, 0x40]);
        labels.Add("");
        var types = labels[random.Below(labels.Count)];
        var candidates = Enumerable.Range(0, labels.Count).Where(i => labels[labels.Count - 1 - i] == types).ToArray();
        Values(types);
        Expression('i');
        if (random.OneIn(2))
        {
            code.Append([0x41, 3, 0x71]);
        }

        code.Byte(0x0E);
        var count = random.Below(5);
        code.U32(count);
        for (var i = 0; i <= count; i++)
        {
            code.U32(random.Pick(candidates));
        }

        labels.RemoveAt(labels.Count - 1);
        code.Byte(0x0B);
    }

    private void Leave()
    {
        Expression('i');
        code.Append([0x04, 0x40]);
        labels.Add("");
        var tails = Enumerable.Range(0, module.Functions.Count).Where(i => module.Types[module.Functions[i]].Results == signature.Results).ToArray();
        if (random.OneIn(8))
        {
            code.Byte(0x00);
        }
        else if (options.TailCalls && tails.Length > 0 && random.OneIn(2))
        {
            var callee = random.Pick(tails);
            Values(module.Types[module.Functions[callee]].Parameters);
            if (random.OneIn(3))
            {
                TableIndex();
                code.Byte(0x13);
                code.U32(module.Functions[callee]);
                code.Byte(0);
            }
            else
            {
                code.Byte(0x12);
                code.U32(callee);
            }
        }
        else
        {
            Values(signature.Results);
            code.Byte(0x0F);
        }

        labels.RemoveAt(labels.Count - 1);
        code.Byte(0x0B);
    }

    /// <summary>A call whose results are these, direct or through the table; false where no function fits.</summary>
    private bool CallFor(string results)
    {
        var candidates = Enumerable.Range(0, module.Functions.Count).Where(i => module.Types[module.Functions[i]].Results == results).ToArray();
        if (candidates.Length == 0)
        {
            if (results.Length == 0)
            {
                code.Byte(0x01);
            }

            return false;
        }

        var callee = random.Pick(candidates);
        Values(module.Types[module.Functions[callee]].Parameters);
        if (random.OneIn(3))
        {
            TableIndex();
            code.Byte(0x11);
            code.U32(module.Functions[callee]);
            code.Byte(0);
        }
        else
        {
            code.Byte(0x10);
            code.U32(callee);
        }

        return true;
    }

    private void BulkMemory()
    {
        switch (random.Below(4))
        {
            case 0:
                Address();
                Expression('i');
                Length();
                code.Append([0xFC, 11, 0]);
                break;
            case 1:
                Address();
                Address();
                Length();
                code.Append([0xFC, 10, 0, 0]);
                break;
            case 2:
                Address();
                code.Byte(0x41);
                code.S64(random.Below(32));
                Length();
                code.Append([0xFC, 8, (byte)random.Below(ModuleGenerator.DataSegments), 0]);
                break;
            default:
                code.Append([0xFC, 9, (byte)random.Below(ModuleGenerator.DataSegments)]);
                break;
        }
    }

    private void BulkTable()
    {
        switch (random.Below(5))
        {
            case 0:
                TableIndex();
                Expression('r');
                code.Append([0x26, 0]);
                break;
            case 1:
                TableIndex();
                Expression('r');
                code.Append([0x41, (byte)random.Below(5), 0xFC, 17, 0]);
                break;
            case 2:
                TableIndex();
                TableIndex();
                code.Append([0x41, (byte)random.Below(5), 0xFC, 14, 0, 0]);
                break;
            case 3:
                TableIndex();
                code.Append([0x41, (byte)random.Below(4), 0x41, (byte)random.Below(4), 0xFC, 12, (byte)random.Below(ModuleGenerator.ElementSegments), 0]);
                break;
            default:
                code.Append([0xFC, 13, (byte)random.Below(ModuleGenerator.ElementSegments)]);
                break;
        }
    }

    private void Length()
    {
        Expression('i');
        if (!random.OneIn(12))
        {
            code.Append([0x41, 0x3F, 0x71]);
        }
    }
}
