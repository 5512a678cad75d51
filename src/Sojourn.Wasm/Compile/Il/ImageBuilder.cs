using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;
using System.Runtime.Intrinsics;

namespace Sojourn.Wasm.Compile.Il;

/// <summary>What a value is in IL: the five number types, native integers for functions, objects for other references.</summary>
internal enum IlType
{
    Int32,
    Int64,
    Single,
    Double,
    Vector,
    Native,
    Object,
}

/// <summary>Writes the assembly of one module or of several: one static method per function, in as few types as hold them. The same image serves the running process and the cache. Several threads may add methods.</summary>
internal sealed class ImageBuilder
{
    /// <summary>The simple name of every such assembly; this library shows it its internals.</summary>
    public const string AssemblyName = "Sojourn.Wasm.Compiled";

    /// <summary>The token of the first method.</summary>
    public const int FirstMethodToken = 0x06000001;

    /// <summary>The platform allows a type fewer than 65,536 methods.</summary>
    private const int MethodsPerType = 50_000;

    /// <summary>A type of very many fields is slow to load.</summary>
    private const int FieldsMax = 4096;


    private readonly MetadataBuilder metadata = new();
    private readonly BlobBuilder ilStream = new();
    private readonly MethodBodyStreamEncoder bodies;
    private readonly Lock gate = new();
    private readonly ConcurrentDictionary<MethodInfo, int> methods = new();
    private readonly Dictionary<Type, EntityHandle> types = [];
    private readonly Dictionary<Assembly, AssemblyReferenceHandle> assemblies = [];
    private readonly ConcurrentDictionary<string, int> calls = new(StringComparer.Ordinal);
    private readonly Dictionary<string, StandaloneSignatureHandle> locals = new(StringComparer.Ordinal);
    private readonly Dictionary<string, BlobHandle> signatures = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<(PrimitiveTypeCode Type, int Offset), int> fields = new();
    private Pending?[] pending;
    private int vectorType;

    /// <param name="moduleName">Name of the metadata's module.</param>
    /// <param name="methodCount">How many methods will be added.</param>
    public ImageBuilder(string moduleName, int methodCount = 0)
    {
        pending = new Pending?[methodCount];
        bodies = new(ilStream);
        metadata.AddModule(0, metadata.GetOrAddString(moduleName), metadata.GetOrAddGuid(Guid.NewGuid()), default, default);
        metadata.AddAssembly(metadata.GetOrAddString(AssemblyName), new(1, 0, 0, 0), default, default, default, AssemblyHashAlgorithm.None);
        metadata.AddTypeDefinition(default, default, metadata.GetOrAddString("<Module>"), default, MetadataTokens.FieldDefinitionHandle(1), MetadataTokens.MethodDefinitionHandle(1));
        for (var first = 0; first == 0 || first < methodCount; first += MethodsPerType)
        {
            metadata.AddTypeDefinition(
                TypeAttributes.Public | TypeAttributes.Abstract | TypeAttributes.Sealed | TypeAttributes.BeforeFieldInit,
                default,
                metadata.GetOrAddString(first == 0 ? "Functions" : $"Functions{first / MethodsPerType}"),
                TypeOf(typeof(object)),
                MetadataTokens.FieldDefinitionHandle(1),
                MetadataTokens.MethodDefinitionHandle(first + 1));
        }
    }

    /// <summary>The token that the method of that position will have.</summary>
    public int MethodToken(int position) => FirstMethodToken + position;

    /// <summary>Adds the method of a position. Every position must be filled before the image is built.</summary>
    public void AddMethod(int position, string name, IlType[] parameters, IlType? result, byte[] il, int maxStack, ReadOnlySpan<IlType> localTypes, bool optimize = true, ReadOnlySpan<IlRegion> regions = default, bool inline = true)
    {
        if (position < pending.Length)
        {
            pending[position] = new(name, parameters, result, il, maxStack, localTypes.ToArray(), optimize, regions.ToArray(), inline);
        }
    }

    private void Write(Pending method)
    {
        var (name, parameters, result, il, maxStack, localTypes, optimize, regions, inline) = method;
        var body = bodies.AddMethodBody(il.Length, maxStack, regions.Length, false, Locals(localTypes), MethodBodyAttributes.InitLocals, hasDynamicStackAllocation: false);
        new BlobWriter(body.Instructions).WriteBytes(il);
        foreach (var region in regions)
        {
            body.ExceptionRegions.AddCatch(region.TryStart, region.TryLength, region.HandlerStart, region.HandlerLength, TypeOf(region.Caught));
        }

        metadata.AddMethodDefinition(
            MethodAttributes.Public | MethodAttributes.Static | MethodAttributes.HideBySig,
            MethodImplAttributes.IL | (optimize ? 0 : MethodImplAttributes.NoOptimization) | (inline ? 0 : MethodImplAttributes.NoInlining),
            metadata.GetOrAddString(name),
            Signature(parameters, result),
            body.Offset,
            MetadataTokens.ParameterHandle(1));
    }

    /// <summary>The token of a method of this library or of the platform.</summary>
    public int Method(MethodInfo method)
    {
        if (methods.TryGetValue(method, out var token))
        {
            return token;
        }

        lock (gate)
        {
            return methods.GetOrAdd(method, AddReference);
        }
    }

    private int AddReference(MethodInfo method)
    {
        var blob = new BlobBuilder();
        var definition = method.IsGenericMethod ? method.GetGenericMethodDefinition() : method;
        var parameters = definition.GetParameters();
        new BlobEncoder(blob).MethodSignature(SignatureCallingConvention.Default, method.IsGenericMethod ? method.GetGenericArguments().Length : 0, !method.IsStatic)
            .Parameters(parameters.Length, out var result, out var encoder);
        if (definition.ReturnType == typeof(void))
        {
            result.Void();
        }
        else
        {
            Encode(result.Type(), definition.ReturnType);
        }

        foreach (var parameter in parameters)
        {
            Encode(encoder.AddParameter().Type(), parameter.ParameterType);
        }

        EntityHandle handle = metadata.AddMemberReference(TypeOf(method.DeclaringType!), metadata.GetOrAddString(method.Name), metadata.GetOrAddBlob(blob));
        if (method.IsGenericMethod)
        {
            var arguments = new BlobBuilder();
            var generic = new BlobEncoder(arguments).MethodSpecificationSignature(method.GetGenericArguments().Length);
            foreach (var argument in method.GetGenericArguments())
            {
                Encode(generic.AddArgument(), argument);
            }

            handle = metadata.AddMethodSpecification(handle, metadata.GetOrAddBlob(arguments));
        }

        return MetadataTokens.GetToken(handle);
    }

    /// <summary>The token of a signature for indirect calls.</summary>
    public int CallSite(ReadOnlySpan<IlType> parameters, IlType? result)
    {
        var key = Key(parameters, result);
        if (calls.TryGetValue(key, out var token))
        {
            return token;
        }

        lock (gate)
        {
            if (!calls.TryGetValue(key, out token))
            {
                token = MetadataTokens.GetToken(metadata.AddStandaloneSignature(Signature(parameters, result)));
                calls.TryAdd(key, token);
            }

            return token;
        }
    }

    /// <summary>The token of the vector type.</summary>
    public int VectorType
    {
        get
        {
            lock (gate)
            {
                if (vectorType == 0)
                {
                    var blob = new BlobBuilder();
                    Encode(new BlobEncoder(blob).TypeSpecificationSignature(), typeof(Vector128<byte>));
                    vectorType = MetadataTokens.GetToken(metadata.AddTypeSpecification(metadata.GetOrAddBlob(blob)));
                }

                return vectorType;
            }
        }
    }

    /// <summary>The token of a field that lies so many bytes behind whatever a pointer points to, or 0 once there are too many: one instruction reads it, instead of an addition and a read.</summary>
    public int Field(PrimitiveTypeCode type, int offset)
    {
        if (fields.TryGetValue((type, offset), out var token))
        {
            return token;
        }

        lock (gate)
        {
            if (!fields.TryGetValue((type, offset), out token) && fields.Count < FieldsMax)
            {
                var blob = new BlobBuilder();
                new BlobEncoder(blob).Field().Type().PrimitiveType(type);
                var name = metadata.GetOrAddString(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{type}{offset}"));
                var field = metadata.AddFieldDefinition(FieldAttributes.Public, name, metadata.GetOrAddBlob(blob));
                metadata.AddFieldLayout(field, offset);
                token = MetadataTokens.GetToken(field);
                fields.TryAdd((type, offset), token);
            }

            return token;
        }
    }

    /// <summary>The finished image.</summary>
    public byte[] Build()
    {
        var methodsToWrite = pending;
        pending = [];
        foreach (var method in methodsToWrite)
        {
            Write(method ?? throw new InvalidOperationException("A method of the image is missing."));
        }

        if (!fields.IsEmpty)
        {
            // The last type of all: those before it have no fields, and it has no methods.
            var places = metadata.AddTypeDefinition(
                TypeAttributes.Public | TypeAttributes.Sealed | TypeAttributes.ExplicitLayout | TypeAttributes.BeforeFieldInit,
                default,
                metadata.GetOrAddString("Places"),
                TypeOf(typeof(ValueType)),
                MetadataTokens.FieldDefinitionHandle(1),
                MetadataTokens.MethodDefinitionHandle(methodsToWrite.Length + 1));
            metadata.AddTypeLayout(places, 1, 0);
        }

        var root = new MetadataRootBuilder(metadata, suppressValidation: true);
        var builder = new ManagedPEBuilder(new(imageCharacteristics: Characteristics.Dll | Characteristics.ExecutableImage), root, ilStream, deterministicIdProvider: static _ => new(new Guid("5f0a4a5e-51d0-4b1a-9d3e-0c6b7c1f5f01"), 1));
        var image = new BlobBuilder();
        builder.Serialize(image);
        return image.ToArray();
    }

    private static string Key(ReadOnlySpan<IlType> parameters, IlType? result)
    {
        Span<char> key = parameters.Length < 256 ? stackalloc char[parameters.Length + 1] : new char[parameters.Length + 1];
        for (var i = 0; i < parameters.Length; i++)
        {
            key[i] = (char)('a' + (int)parameters[i]);
        }

        key[^1] = result is { } type ? (char)('a' + (int)type) : 'v';
        return key.ToString();
    }

    private BlobHandle Signature(ReadOnlySpan<IlType> parameters, IlType? result)
    {
        var key = Key(parameters, result);
        if (signatures.TryGetValue(key, out var known))
        {
            return known;
        }

        var blob = new BlobBuilder();
        new BlobEncoder(blob).MethodSignature().Parameters(parameters.Length, out var returned, out var encoder);
        if (result is { } type)
        {
            Encode(returned.Type(), type);
        }
        else
        {
            returned.Void();
        }

        foreach (var parameter in parameters)
        {
            Encode(encoder.AddParameter().Type(), parameter);
        }

        var handle = metadata.GetOrAddBlob(blob);
        signatures.Add(key, handle);
        return handle;
    }

    private StandaloneSignatureHandle Locals(ReadOnlySpan<IlType> localTypes)
    {
        if (localTypes.Length == 0)
        {
            return default;
        }

        var key = Key(localTypes, null);
        if (!locals.TryGetValue(key, out var handle))
        {
            var blob = new BlobBuilder();
            var encoder = new BlobEncoder(blob).LocalVariableSignature(localTypes.Length);
            foreach (var local in localTypes)
            {
                Encode(encoder.AddVariable().Type(), local);
            }

            handle = metadata.AddStandaloneSignature(metadata.GetOrAddBlob(blob));
            if (localTypes.Length < 64)
            {
                locals.Add(key, handle);
            }
        }

        return handle;
    }

    private void Encode(SignatureTypeEncoder encoder, IlType type)
    {
        switch (type)
        {
            case IlType.Int32: encoder.Int32(); break;
            case IlType.Int64: encoder.Int64(); break;
            case IlType.Single: encoder.Single(); break;
            case IlType.Double: encoder.Double(); break;
            case IlType.Native: encoder.IntPtr(); break;
            case IlType.Object: encoder.Object(); break;
            default: Encode(encoder, typeof(Vector128<byte>)); break;
        }
    }

    private void Encode(SignatureTypeEncoder encoder, Type type)
    {
        if (type.IsGenericMethodParameter)
        {
            encoder.GenericMethodTypeParameter(type.GenericParameterPosition);
            return;
        }

        if (type.IsPointer)
        {
            Encode(encoder.Pointer(), type.GetElementType()!);
            return;
        }

        if (type.IsGenericType)
        {
            var arguments = type.GetGenericArguments();
            var generic = encoder.GenericInstantiation(TypeOf(type.GetGenericTypeDefinition()), arguments.Length, type.IsValueType);
            foreach (var argument in arguments)
            {
                Encode(generic.AddArgument(), argument);
            }

            return;
        }

        switch (System.Type.GetTypeCode(type))
        {
            case TypeCode.Boolean: encoder.Boolean(); break;
            case TypeCode.SByte: encoder.SByte(); break;
            case TypeCode.Byte: encoder.Byte(); break;
            case TypeCode.Int16: encoder.Int16(); break;
            case TypeCode.UInt16: encoder.UInt16(); break;
            case TypeCode.Int32: encoder.Int32(); break;
            case TypeCode.UInt32: encoder.UInt32(); break;
            case TypeCode.Int64: encoder.Int64(); break;
            case TypeCode.UInt64: encoder.UInt64(); break;
            case TypeCode.Single: encoder.Single(); break;
            case TypeCode.Double: encoder.Double(); break;
            case TypeCode.String: encoder.String(); break;
            default:
                if (type == typeof(nint))
                {
                    encoder.IntPtr();
                }
                else if (type == typeof(object))
                {
                    encoder.Object();
                }
                else
                {
                    encoder.Type(TypeOf(type), type.IsValueType);
                }

                break;
        }
    }

    private EntityHandle TypeOf(Type type)
    {
        if (types.TryGetValue(type, out var handle))
        {
            return handle;
        }

        if (!assemblies.TryGetValue(type.Assembly, out var assembly))
        {
            var name = type.Assembly.GetName();
            var token = name.GetPublicKeyToken();
            assembly = metadata.AddAssemblyReference(
                metadata.GetOrAddString(name.Name!),
                name.Version!,
                default,
                token is { Length: > 0 } ? metadata.GetOrAddBlob(token) : default,
                default,
                default);
            assemblies.Add(type.Assembly, assembly);
        }

        handle = metadata.AddTypeReference(assembly, metadata.GetOrAddString(type.Namespace!), metadata.GetOrAddString(type.Name));
        types.Add(type, handle);
        return handle;
    }
}

/// <summary>A method that waits for its place in the image.</summary>
internal sealed record Pending(string Name, IlType[] Parameters, IlType? Result, byte[] Il, int MaxStack, IlType[] Locals, bool Optimize, IlRegion[] Regions, bool Inline);

/// <summary>A protected region with its handler, as offsets into the finished IL.</summary>
internal sealed record IlRegion(int TryStart, int TryLength, int HandlerStart, int HandlerLength, Type Caught);
