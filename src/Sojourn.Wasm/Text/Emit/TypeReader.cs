using Sojourn.Wasm.Text.Lexing;

namespace Sojourn.Wasm.Text.Emit;

/// <summary>Reads types (6.4 "Types") and writes them in the binary format (5.3).</summary>
internal sealed class TypeReader(TokenCursor cursor, TypeSpace types)
{
    private const int FunctionForm = 0x60;
    private const int StructForm = 0x5F;
    private const int ArrayForm = 0x5E;

    /// <summary>Whether a value type comes next.</summary>
    public bool IsValueType => cursor.Current.Kind == TokenKind.Keyword ? ShortCode(cursor.Current.Keyword) >= 0 : cursor.Opens(Keyword.Ref);

    /// <summary>Reads <c>t</c>.</summary>
    public void Value(BinaryBuffer into)
    {
        var code = cursor.Current.Kind == TokenKind.Keyword ? ShortCode(cursor.Current.Keyword) : -1;
        if (code >= 0)
        {
            cursor.Take();
            into.Byte(code);
        }
        else if (cursor.Opens(Keyword.Ref))
        {
            Reference(into);
        }
        else
        {
            throw cursor.Unexpected("a value type");
        }
    }

    /// <summary>Reads a reference type, short or long.</summary>
    public void Reference(BinaryBuffer into)
    {
        var code = cursor.Current.Kind == TokenKind.Keyword ? ShortCode(cursor.Current.Keyword) : -1;
        if (code >= 0 && cursor.Current.Keyword > Keyword.V128)
        {
            cursor.Take();
            into.Byte(code);
            return;
        }

        if (!cursor.TryOpen(Keyword.Ref))
        {
            throw cursor.Unexpected("a reference type");
        }

        var nullable = cursor.TryKeyword(Keyword.Null);
        var start = into.Length;
        into.Byte(nullable ? 0x63 : 0x64);
        var heap = into.Length;
        Heap(into);
        cursor.Close();
        if (nullable && into.Length == heap + 1 && into.Written[heap] is >= 0x69 and <= 0x74)
        {
            // (ref null func) and funcref are the same type and have the same, shorter, encoding.
            var code1 = into.Written[heap];
            into.Truncate(start);
            into.Byte(code1);
        }
    }

    /// <summary>Reads a reference type for <c>ref.test</c> and its like: null or not, and the heap type.</summary>
    public bool ReferenceParts(BinaryBuffer heap)
    {
        if (cursor.TryOpen(Keyword.Ref))
        {
            var nullable = cursor.TryKeyword(Keyword.Null);
            Heap(heap);
            cursor.Close();
            return nullable;
        }

        var start = heap.Length;
        Reference(heap);
        return heap.Length == start + 1;
    }

    /// <summary>Reads a heap type: abstract, or an index as a signed 33-bit number.</summary>
    public void Heap(BinaryBuffer into)
    {
        if (cursor.IsIndex)
        {
            into.S64((uint)cursor.Index(types.Names));
            return;
        }

        var code = cursor.Current.Keyword switch
        {
            Keyword.Any => 0x6E,
            Keyword.Eq => 0x6D,
            Keyword.I31 => 0x6C,
            Keyword.Struct => 0x6B,
            Keyword.Array => 0x6A,
            Keyword.None_ => 0x71,
            Keyword.Func => 0x70,
            Keyword.NoFunc => 0x73,
            Keyword.Extern => 0x6F,
            Keyword.NoExtern => 0x72,
            Keyword.Exn => 0x69,
            Keyword.NoExn => 0x74,
            _ => throw cursor.Unexpected("a heap type"),
        };
        cursor.Take();
        into.Byte(code);
    }

    /// <summary>Reads <c>t</c> or <c>(mut t)</c>.</summary>
    public void Global(BinaryBuffer into)
    {
        var mutable = cursor.TryOpen(Keyword.Mut);
        Value(into);
        if (mutable)
        {
            cursor.Close();
        }

        into.Byte(mutable ? 1 : 0);
    }

    /// <summary>Reads <c>(param …)* (result …)*</c>.</summary>
    /// <param name="names">Where parameters' names go; null where they may have none.</param>
    public FunctionShape Function(List<string?>? names)
    {
        var list = new BinaryBuffer();
        var parameters = 0;
        while (cursor.TryOpen(Keyword.Param))
        {
            if (cursor.Current.Kind == TokenKind.Id)
            {
                if (names is null)
                {
                    throw cursor.Unexpected("a value type (no names are allowed here)");
                }

                names.Add(cursor.TryId());
                Value(list);
                parameters++;
            }
            else
            {
                while (cursor.Current.Kind != TokenKind.Close)
                {
                    Value(list);
                    parameters++;
                    names?.Add(null);
                }
            }

            cursor.Close();
        }

        var results = 0;
        var resultList = new BinaryBuffer();
        while (cursor.TryOpen(Keyword.Result))
        {
            while (cursor.Current.Kind != TokenKind.Close)
            {
                Value(resultList);
                results++;
            }

            cursor.Close();
        }

        var encoded = new BinaryBuffer();
        encoded.U32(parameters);
        encoded.Append(list.Written);
        encoded.U32(results);
        encoded.Append(resultList.Written);
        return new FunctionShape(encoded.ToArray(), parameters, results);
    }

    /// <summary>Reads <c>(type x)? (param …)* (result …)*</c>; gives the type's index (6.6.3 "Type Uses").</summary>
    public int Use(List<string?>? names)
    {
        if (!cursor.TryOpen(Keyword.Type))
        {
            return types.Intern(Function(names));
        }

        var token = cursor.Current;
        var index = cursor.Index(types.Names);
        cursor.Close();
        if (!cursor.Opens(Keyword.Param) && !cursor.Opens(Keyword.Result))
        {
            return index;
        }

        var inline = cursor.Current;
        var shape = Function(names);
        if ((uint)index >= (uint)types.Count)
        {
            throw cursor.Source.Error(TextFault.UnknownIdentifier, token.Start, $"unknown type {index}");
        }

        if (shape.Parameters + shape.Results > 0 && types.ShapeOf(index)?.Key != shape.Key)
        {
            throw cursor.Source.Error(TextFault.InlineFunctionType, inline.Start, $"inline function type differs from type {index}");
        }

        return index;
    }

    /// <summary>Reads <c>(type id? …)</c> after its keyword, up to its closing parenthesis, into the type section.</summary>
    public void Definition(bool alone)
    {
        cursor.TryId();
        var into = types.Section;
        if (cursor.TryOpen(Keyword.Sub))
        {
            var final = cursor.TryKeyword(Keyword.Final);
            var supers = new BinaryBuffer();
            var count = 0;
            while (cursor.IsIndex)
            {
                supers.U32(cursor.Index(types.Names));
                count++;
            }

            if (!(final && count == 0))
            {
                into.Byte(final ? 0x4F : 0x50);
                into.U32(count);
                into.Append(supers.Written);
            }

            Composite(into, alone && final && count == 0);
            cursor.Close();
        }
        else
        {
            Composite(into, alone);
        }

        cursor.Close();
    }

    private void Composite(BinaryBuffer into, bool alone)
    {
        if (cursor.TryOpen(Keyword.Func))
        {
            var shape = Function([]);
            into.Byte(FunctionForm);
            into.Append(shape.Encoded);
            types.Add(shape, null, alone);
        }
        else if (cursor.TryOpen(Keyword.Struct))
        {
            into.Byte(StructForm);
            types.Add(null, Fields(into), alone);
        }
        else if (cursor.TryOpen(Keyword.Array))
        {
            into.Byte(ArrayForm);
            Field(into);
            types.Add(null, null, alone);
        }
        else
        {
            throw cursor.Unexpected("(func …), (struct …) or (array …)");
        }

        cursor.Close();
    }

    private IndexSpace Fields(BinaryBuffer into)
    {
        var names = new IndexSpace("field");
        var list = new BinaryBuffer();
        while (cursor.TryOpen(Keyword.Field))
        {
            var token = cursor.Current;
            if (cursor.TryId() is { } name)
            {
                Field(list);
                if (!names.TryAdd(name))
                {
                    throw cursor.Source.Error(TextFault.DuplicateIdentifier, token.Start, $"duplicate field ${name}");
                }
            }
            else
            {
                while (cursor.Current.Kind != TokenKind.Close)
                {
                    Field(list);
                    names.TryAdd(null);
                }
            }

            cursor.Close();
        }

        into.U32(names.Count);
        into.Append(list.Written);
        return names;
    }

    private void Field(BinaryBuffer into)
    {
        var mutable = cursor.TryOpen(Keyword.Mut);
        if (cursor.TryKeyword(Keyword.I8))
        {
            into.Byte(0x78);
        }
        else if (cursor.TryKeyword(Keyword.I16))
        {
            into.Byte(0x77);
        }
        else
        {
            Value(into);
        }

        if (mutable)
        {
            cursor.Close();
        }

        into.Byte(mutable ? 1 : 0);
    }

    private static int ShortCode(Keyword keyword) => keyword switch
    {
        Keyword.I32 => 0x7F,
        Keyword.I64 => 0x7E,
        Keyword.F32 => 0x7D,
        Keyword.F64 => 0x7C,
        Keyword.V128 => 0x7B,
        Keyword.FuncRef => 0x70,
        Keyword.ExternRef => 0x6F,
        Keyword.AnyRef => 0x6E,
        Keyword.EqRef => 0x6D,
        Keyword.I31Ref => 0x6C,
        Keyword.StructRef => 0x6B,
        Keyword.ArrayRef => 0x6A,
        Keyword.NullRef => 0x71,
        Keyword.NullExternRef => 0x72,
        Keyword.NullFuncRef => 0x73,
        Keyword.ExnRef => 0x69,
        Keyword.NullExnRef => 0x74,
        _ => -1,
    };
}
