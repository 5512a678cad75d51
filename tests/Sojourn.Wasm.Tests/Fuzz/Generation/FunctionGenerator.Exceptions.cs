namespace Sojourn.Wasm.Tests.Fuzz.Generation;

/// <content>Exceptions.</content>
internal sealed partial class FunctionGenerator
{
    /// <summary>Clauses of a try_table, each with a block of its own around it to go to.</summary>
    private void Try()
    {
        var clauses = Enumerable.Range(0, 1 + random.Below(3)).Select(_ => (Kind: random.Below(4), Tag: random.Below(module.Tags.Count))).ToArray();
        var results = random.OneIn(3) ? module.Letters(3) : "";
        Begin("");
        for (var i = clauses.Length - 1; i >= 0; i--)
        {
            Begin(Caught(clauses[i]));
        }

        code.Byte(0x1F);
        BlockType("", results);
        code.U32(clauses.Length);
        for (var i = 0; i < clauses.Length; i++)
        {
            code.Byte(clauses[i].Kind);
            if (clauses[i].Kind < 2)
            {
                code.U32(clauses[i].Tag);
            }

            code.U32(i);
        }

        labels.Add(results);
        Statements(1 + random.Below(2));
        if (random.OneIn(2))
        {
            Throw();
        }

        Values(results);
        Finish();
        TakeAll(results);
        code.Byte(0x0C);
        code.U32(clauses.Length);
        for (var i = 0; i < clauses.Length; i++)
        {
            Finish();
            TakeAll(Caught(clauses[i]));
            Statements(random.Below(2));
            if (i < clauses.Length - 1)
            {
                code.Byte(0x0C);
                code.U32(clauses.Length - 1 - i);
            }
        }

        Finish();
    }

    /// <summary>Throws under a condition, so that what follows is not all dead.</summary>
    private void Throw()
    {
        Expression('i');
        code.Append([0x04, 0x40]);
        labels.Add("");
        if (random.OneIn(3))
        {
            Expression('x');
            code.Byte(0x0A);
        }
        else
        {
            var tag = random.Below(module.Tags.Count);
            Values(module.SignatureOf(module.Tags[tag]).Parameters);
            code.Byte(0x08);
            code.U32(tag);
        }

        Finish();
    }

    /// <summary>What a clause leaves on the stack; its reference is not null.</summary>
    private string Caught((int Kind, int Tag) clause) =>
        (clause.Kind < 2 ? module.SignatureOf(module.Tags[clause.Tag]).Parameters : "") + (clause.Kind is 1 or 3 ? "x" : "");
}
