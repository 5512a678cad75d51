// What the compiler asks of newer platforms for records.
namespace System.Runtime.CompilerServices;

internal static class IsExternalInit;
