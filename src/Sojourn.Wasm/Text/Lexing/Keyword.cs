namespace Sojourn.Wasm.Text.Lexing;

/// <summary>The words of the text format that are not instructions. The spelling is the member's, in lower case and with the marks that <see cref="Words"/> names.</summary>
internal enum Keyword : short
{
    None,

    // types
    I32, I64, F32, F64, V128, I8, I16,
    AnyRef, EqRef, I31Ref, StructRef, ArrayRef, NullRef, FuncRef, NullFuncRef, ExternRef, NullExternRef, ExnRef, NullExnRef,
    Any, Eq, I31, None_, Func, NoFunc, Extern, NoExtern, Exn, NoExn, Struct, Array,
    Ref, Null, Mut, Field, Sub, Final, Rec,

    // module fields
    Module, Type, Import, Export, Memory, Table, Global, Tag, Start, Elem, Data,
    Param, Result, Local, Offset, Item, Declare, Then, Catch, CatchRef, CatchAll, CatchAllRef,

    // shapes
    I8x16, I16x8, I32x4, I64x2, F32x4, F64x2,

    // scripts
    Binary, Quote, Definition, Instance, Register, Invoke, Get, Either, Script, Input, Output,
    AssertReturn, AssertTrap, AssertExhaustion, AssertInvalid, AssertMalformed, AssertUnlinkable, AssertException,
    AssertInvalidCustom, AssertMalformedCustom,
    NanCanonical, NanArithmetic,
    RefExtern, RefHost, RefAny, RefStruct, RefArray,
}
