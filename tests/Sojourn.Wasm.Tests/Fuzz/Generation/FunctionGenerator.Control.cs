namespace Sojourn.Wasm.Tests.Fuzz.Generation;

/// <content>Control: blocks, branches and calls.</content>
internal sealed partial class FunctionGenerator
{
    /// <summary>A block, loop or if, now and then with parameters and several results.</summary>
    private void Block(string results)
    {
        var parameters = random.OneIn(5) ? module.Letter().ToString() : "";
        var extra = results.Length > 0 && random.OneIn(6) ? module.Letter().ToString() : "";
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
        TakeAll(parameters);

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
            if (results.Length == 0)
            {
                code.Byte(0x40);
            }
            else
            {
                TypeLetter.Write(code, results[0]);
            }
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
        var tails = Enumerable.Range(0, module.Functions.Count).Where(i => module.SignatureOfFunction(i).Results == signature.Results).ToArray();
        if (random.OneIn(8))
        {
            code.Byte(0x00);
        }
        else if (tails.Length > 0 && random.OneIn(2))
        {
            var callee = random.Pick(tails);
            Values(module.SignatureOfFunction(callee).Parameters);
            Call(callee, tail: true);
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
        var candidates = Enumerable.Range(0, module.Functions.Count).Where(i => module.SignatureOfFunction(i).Results == results).ToArray();
        if (candidates.Length == 0)
        {
            if (results.Length == 0)
            {
                code.Byte(0x01);
            }

            return false;
        }

        var callee = random.Pick(candidates);
        Values(module.SignatureOfFunction(callee).Parameters);
        Call(callee, tail: false);
        return true;
    }

    /// <summary>Calls a function whose arguments are on the stack: by its index, through a table or through a reference.</summary>
    private void Call(int callee, bool tail)
    {
        var type = module.Functions[callee];
        switch (random.Below(module.Shape.Heap ? 5 : 3))
        {
            case 0:
                var table = random.Pick(Enumerable.Range(0, module.Tables.Count).Where(i => module.Tables[i].Element == 'r').ToArray());
                TableIndex(table);
                code.Byte(tail ? 0x13 : 0x11);
                code.U32(type);
                code.U32(table);
                break;
            case > 2:
                Expression(TypeLetter.Concrete(type, nullable: random.OneIn(8)));
                code.Byte(tail ? 0x15 : 0x14);
                code.U32(type);
                break;
            default:
                code.Byte(tail ? 0x12 : 0x10);
                code.U32(callee);
                break;
        }
    }
}
