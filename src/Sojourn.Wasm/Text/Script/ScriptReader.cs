using System.Collections.Immutable;
using Sojourn.Wasm.Text.Emit;
using Sojourn.Wasm.Text.Instructions;
using Sojourn.Wasm.Text.Lexing;

namespace Sojourn.Wasm.Text.Script;

/// <summary>Reads test scripts.</summary>
internal sealed class ScriptReader
{
    private readonly TokenCursor cursor;

    private ScriptReader(TokenCursor cursor) => this.cursor = cursor;

    /// <summary>Reads a whole script; a text of bare module fields is one module.</summary>
    public static ImmutableArray<ScriptCommand> Read(byte[] utf8)
    {
        var source = new Source(utf8);
        var reader = new ScriptReader(new TokenCursor(source, Lexer.Tokens(source)));
        return reader.Commands();
    }

    private ImmutableArray<ScriptCommand> Commands()
    {
        var next = cursor.Peek(1).Keyword;
        if (cursor.Current.Kind == TokenKind.Open && next is >= Keyword.Type and <= Keyword.Data or Keyword.Func or Keyword.Rec)
        {
            return [new ModuleCommand(1, new ScriptModule(null, ScriptModuleForm.Text, cursor.Fork(cursor.At), []), false)];
        }

        var commands = ImmutableArray.CreateBuilder<ScriptCommand>();
        while (cursor.Current.Kind != TokenKind.End)
        {
            commands.Add(Command());
        }

        return commands.ToImmutable();
    }

    private ScriptCommand Command()
    {
        var line = cursor.Source.Position(cursor.Current.Start).Line;
        if (cursor.Opens(Keyword.Module))
        {
            return Module(line);
        }

        if (cursor.Opens(Keyword.Invoke) || cursor.Opens(Keyword.Get))
        {
            return new ActionCommand(line, Action());
        }

        cursor.Open();
        var keyword = cursor.Take().Keyword;
        ScriptCommand command;
        switch (keyword)
        {
            case Keyword.Register:
                command = new RegisterCommand(line, cursor.Name(), cursor.TryId());
                break;
            case Keyword.AssertReturn:
                command = new AssertReturn(line, Action(), Results());
                break;
            case Keyword.AssertTrap:
                command = cursor.Opens(Keyword.Module)
                    ? new AssertTrap(line, null, ReadModule(out _), cursor.Name())
                    : new AssertTrap(line, Action(), null, cursor.Name());
                break;
            case Keyword.AssertExhaustion:
                command = new AssertExhaustion(line, Action(), cursor.Name());
                break;
            case Keyword.AssertException:
                command = new AssertException(line, Action());
                break;
            case Keyword.AssertInvalid or Keyword.AssertInvalidCustom:
                command = new AssertInvalid(line, ReadModule(out _), cursor.Name());
                break;
            case Keyword.AssertMalformed or Keyword.AssertMalformedCustom:
                command = new AssertMalformed(line, ReadModule(out _), cursor.Name());
                break;
            case Keyword.AssertUnlinkable:
                command = new AssertUnlinkable(line, ReadModule(out _), cursor.Name());
                break;
            default:
                cursor.At--;
                throw cursor.Unexpected("a script command such as module, invoke or assert_return");
        }

        cursor.Close();
        return command;
    }

    private ScriptCommand Module(int line)
    {
        if (cursor.Peek(2).Keyword == Keyword.Instance)
        {
            cursor.At += 3;
            var instance = cursor.TryId();
            var definition = cursor.TryId();
            cursor.Close();
            return new InstanceCommand(line, instance, definition);
        }

        var module = ReadModule(out var isDefinition);
        return new ModuleCommand(line, module, isDefinition);
    }

    private ScriptModule ReadModule(out bool isDefinition)
    {
        if (!cursor.TryOpen(Keyword.Module))
        {
            throw cursor.Unexpected("(module …)");
        }

        isDefinition = cursor.TryKeyword(Keyword.Definition);
        var name = cursor.TryId();
        ScriptModule module;
        if (cursor.Current.Keyword is Keyword.Binary or Keyword.Quote)
        {
            var form = cursor.Take().Keyword == Keyword.Binary ? ScriptModuleForm.Binary : ScriptModuleForm.Quote;
            module = new ScriptModule(name, form, null, cursor.ByteStrings());
            cursor.Close();
        }
        else
        {
            module = new ScriptModule(name, ScriptModuleForm.Text, cursor.Fork(cursor.At), []);
            cursor.SkipGroup();
        }

        return module;
    }

    private ScriptAction Action()
    {
        cursor.Open();
        var isGet = cursor.TryKeyword(Keyword.Get);
        if (!isGet && !cursor.TryKeyword(Keyword.Invoke))
        {
            throw cursor.Unexpected("invoke or get");
        }

        var instance = cursor.TryId();
        var field = cursor.Name();
        var arguments = ImmutableArray.CreateBuilder<ScriptValue>();
        while (cursor.Current.Kind == TokenKind.Open)
        {
            arguments.Add(Result() is ExactResult exact ? exact.Value : throw cursor.Unexpected("a constant"));
        }

        cursor.Close();
        return new ScriptAction(instance, field, isGet, arguments.ToImmutable());
    }

    private ImmutableArray<ResultPattern> Results()
    {
        var results = ImmutableArray.CreateBuilder<ResultPattern>();
        while (cursor.Current.Kind == TokenKind.Open)
        {
            results.Add(Result());
        }

        return results.ToImmutable();
    }

    private ResultPattern Result()
    {
        cursor.Open();
        var token = cursor.Take();
        ResultPattern result;
        if (token.Kind == TokenKind.Instruction)
        {
            result = Constant(InstructionTable.All[token.Value].Name);
        }
        else if (token.Keyword == Keyword.Either)
        {
            result = new EitherResult(Results());
        }
        else
        {
            result = token.Keyword switch
            {
                Keyword.RefExtern => cursor.IsNatural ? Exact(ScriptValueKind.RefExtern, cursor.Natural(32)) : new ReferenceResult(ReferenceForm.Extern),
                Keyword.RefHost => Exact(ScriptValueKind.RefHost, cursor.Natural(32)),
                Keyword.RefAny => new ReferenceResult(ReferenceForm.Any),
                Keyword.RefStruct => new ReferenceResult(ReferenceForm.Struct),
                Keyword.RefArray => new ReferenceResult(ReferenceForm.Array),
                _ => throw cursor.Unexpected("a constant or a pattern of a result"),
            };
        }

        cursor.Close();
        return result;
    }

    private static ExactResult Exact(ScriptValueKind kind, ulong low, ulong high = 0) => new(new ScriptValue(kind, low, high));

    private ResultPattern Constant(string name)
    {
        switch (name)
        {
            case "i32.const":
                return Exact(ScriptValueKind.I32, Constants.Integer(cursor, 32));
            case "i64.const":
                return Exact(ScriptValueKind.I64, Constants.Integer(cursor, 64));
            case "f32.const":
                return NanForm() is { } narrow ? new NanResult(false, narrow) : Exact(ScriptValueKind.F32, Constants.Float(cursor, false));
            case "f64.const":
                return NanForm() is { } wide ? new NanResult(true, wide) : Exact(ScriptValueKind.F64, Constants.Float(cursor, true));
            case "v128.const":
                return Vector();
            case "ref.null":
                if (cursor.Current.Kind == TokenKind.Close)
                {
                    return new ReferenceResult(ReferenceForm.Null);
                }

                var heap = new BinaryBuffer();
                new TypeReader(cursor, new TypeSpace()).Heap(heap);
                return Exact(ScriptValueKind.RefNull, heap.Written[0]);
            case "ref.func":
                return new ReferenceResult(ReferenceForm.Func);
            case "ref.eq":
                return new ReferenceResult(ReferenceForm.Eq);
            case "ref.i31":
                return new ReferenceResult(ReferenceForm.I31);
            default:
                throw cursor.Unexpected("a constant or a pattern of a result");
        }
    }

    private LaneForm? NanForm() =>
        cursor.TryKeyword(Keyword.NanCanonical) ? LaneForm.NanCanonical
        : cursor.TryKeyword(Keyword.NanArithmetic) ? LaneForm.NanArithmetic : null;

    private ResultPattern Vector()
    {
        if (Constants.Shape(cursor.Current.Keyword) is not var (count, bits, isFloat))
        {
            throw cursor.Unexpected("a vector shape such as i32x4");
        }

        cursor.Take();
        var lanes = ImmutableArray.CreateBuilder<(LaneForm, ulong)>(count);
        var exact = new BinaryBuffer();
        var pattern = false;
        for (var i = 0; i < count; i++)
        {
            if (isFloat && NanForm() is { } form)
            {
                lanes.Add((form, 0));
                pattern = true;
                Constants.Lane(exact, 0, bits);
            }
            else
            {
                var value = isFloat ? Constants.Float(cursor, bits == 64) : Constants.Integer(cursor, bits);
                lanes.Add((LaneForm.Exact, value));
                Constants.Lane(exact, value, bits);
            }
        }

        return pattern
            ? new VectorResult(bits, lanes.MoveToImmutable())
            : Exact(ScriptValueKind.V128, BitConverter.ToUInt64(exact.Written[..8]), BitConverter.ToUInt64(exact.Written[8..]));
    }
}
