namespace Sojourn.Wasm.Tests.Fuzz.Generation;

/// <content>Statements: each leaves the stack as it was.</content>
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

        switch (random.Below(31))
        {
            case < 4:
                SetLocal();
                break;
            case < 7:
                SetGlobal();
                break;
            case < 12:
                Operation(random.Pick(module.Opcodes.ByResult[' ']));
                break;
            case < 16:
                Block("");
                break;
            case 16:
                Expression(module.Letter());
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
            case 24 or 25 when module.Shape.Heap:
                WriteHeap();
                break;
            case 26 or 27 when module.Shape.Exceptions:
                Try();
                break;
            case 28 when module.Shape.Exceptions:
                Throw();
                break;
            default:
                Conditional();
                break;
        }
    }

    private void SetLocal()
    {
        var index = random.Below(temporaries);
        Expression(locals[index]);
        code.Byte(0x21);
        code.U32(index);
    }

    private void SetGlobal()
    {
        var index = random.Below(module.Globals.Length);
        Expression(module.Globals[index]);
        code.Byte(0x24);
        code.U32(index + 1);
    }

    private void BulkMemory()
    {
        var memory = random.Below(module.Memories.Count);
        switch (random.Below(4))
        {
            case 0:
                Address(memory);
                Expression('i');
                Length(module.Memories[memory].Address);
                code.Append([0xFC, 11, (byte)memory]);
                break;
            case 1:
                var source = random.Below(module.Memories.Count);
                Address(memory);
                Address(source);
                Length(module.Memories[memory].Is64 && module.Memories[source].Is64 ? 'I' : 'i');
                code.Append([0xFC, 10, (byte)memory, (byte)source]);
                break;
            case 2:
                Address(memory);
                Integer('i', random.Below(32));
                Length('i');
                code.Append([0xFC, 8, (byte)random.Below(ModuleGenerator.DataSegments), (byte)memory]);
                break;
            default:
                code.Append([0xFC, 9, (byte)random.Below(ModuleGenerator.DataSegments)]);
                break;
        }
    }

    private void BulkTable()
    {
        var index = random.Below(module.Tables.Count);
        var table = module.Tables[index];
        switch (random.Below(5))
        {
            case 0:
                TableIndex(index);
                Expression(table.Element);
                code.Append([0x26, (byte)index]);
                break;
            case 1:
                TableIndex(index);
                Expression(table.Element);
                Length(table.Address, 3);
                code.Append([0xFC, 17, (byte)index]);
                break;
            case 2:
                var source = random.Pick(Enumerable.Range(0, module.Tables.Count).Where(i => module.Tables[i].Element == table.Element).ToArray());
                TableIndex(index);
                TableIndex(source);
                Length(table.Is64 && module.Tables[source].Is64 ? 'I' : 'i', 3);
                code.Append([0xFC, 14, (byte)index, (byte)source]);
                break;
            case 3 when table.Element is 'r' or 'a':
                TableIndex(index);
                Length('i', 3);
                Length('i', 3);
                code.Append([0xFC, 12, (byte)(table.Element == 'a' ? ModuleGenerator.HeapSegment : random.Below(ModuleGenerator.FunctionSegments)), (byte)index]);
                break;
            default:
                code.Append([0xFC, 13, (byte)random.Below(ModuleGenerator.FunctionSegments)]);
                break;
        }
    }
}
