using Sojourn.Wasm.Text;

namespace Sojourn.Enclave.Tests.Harness;

/// <summary>The smallest honest program: standard input to <c>/output/o</c>. A marker lies in its data, which nobody outside may ever see.</summary>
internal static class CopyGuest
{
    public const string Marker = "MARKER-CODE-PLANTED";

    public static byte[] Module { get; } = Wat.ToBinary($$"""
        (module
          (import "wasi_snapshot_preview1" "path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
          (memory (export "memory") 2)
          (data (i32.const 64) "o")
          (data (i32.const 128) "{{Marker}}")
          (func (export "_start")
            (if (call $open (i32.const 4) (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 1) (i64.const 64) (i64.const 0) (i32.const 0) (i32.const 32))
              (then (call $exit (i32.const 9))))
            (loop $more
              (i32.store (i32.const 0) (i32.const 4096))
              (i32.store (i32.const 4) (i32.const 65536))
              (if (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)) (then (call $exit (i32.const 8))))
              (i32.store (i32.const 4) (i32.load (i32.const 8)))
              (if (i32.load (i32.const 8))
                (then
                  (if (call $write (i32.load (i32.const 32)) (i32.const 0) (i32.const 1) (i32.const 12)) (then (call $exit (i32.const 7))))
                  (br $more))))))
        """);
}
