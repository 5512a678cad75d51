;; Counts bytes, lines and words of standard input (spaces, tabs and line ends part words), and writes them to /output/counts as three decimal numbers, a line each.
;; Written by hand: what a guest needs, and nothing else.
(module
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 2)
  (data (i32.const 16) "counts")
  (global $bytes (mut i64) (i64.const 0))
  (global $lines (mut i64) (i64.const 0))
  (global $words (mut i64) (i64.const 0))
  (global $inside (mut i32) (i32.const 0))
  (global $file (mut i32) (i32.const 0))

  (func $must (param $error i32) (if (local.get $error) (then (call $exit (i32.const 1)))))

  ;; Looks at the bytes from 65536 on.
  (func $look (param $length i32)
    (local $at i32) (local $byte i32) (local $blank i32)
    (local.set $at (i32.const 65536))
    (local.set $length (i32.add (local.get $at) (local.get $length)))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $at) (local.get $length)))
        (local.set $byte (i32.load8_u (local.get $at)))
        (if (i32.eq (local.get $byte) (i32.const 10)) (then (global.set $lines (i64.add (global.get $lines) (i64.const 1)))))
        ;; space, tab, line feed, vertical tab, form feed, carriage return
        (local.set $blank (i32.or (i32.eq (local.get $byte) (i32.const 32)) (i32.lt_u (i32.sub (local.get $byte) (i32.const 9)) (i32.const 5))))
        (if (i32.and (i32.eqz (local.get $blank)) (i32.eqz (global.get $inside))) (then (global.set $words (i64.add (global.get $words) (i64.const 1)))))
        (global.set $inside (i32.eqz (local.get $blank)))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $next))))

  ;; Writes a number and a line end, digits from the right, ending at 64.
  (func $print (param $number i64)
    (local $at i32)
    (i32.store8 (i32.const 63) (i32.const 10))
    (local.set $at (i32.const 63))
    (loop $digit
      (local.set $at (i32.sub (local.get $at) (i32.const 1)))
      (i32.store8 (local.get $at) (i32.add (i32.const 48) (i32.wrap_i64 (i64.rem_u (local.get $number) (i64.const 10)))))
      (local.set $number (i64.div_u (local.get $number) (i64.const 10)))
      (br_if $digit (i64.ne (local.get $number) (i64.const 0))))
    (i32.store (i32.const 0) (local.get $at))
    (i32.store (i32.const 4) (i32.sub (i32.const 64) (local.get $at)))
    (call $must (call $write (global.get $file) (i32.const 0) (i32.const 1) (i32.const 8))))

  (func (export "_start")
    (block $end
      (loop $more
        (i32.store (i32.const 0) (i32.const 65536))
        (i32.store (i32.const 4) (i32.const 65536))
        (call $must (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
        (br_if $end (i32.eqz (i32.load (i32.const 8))))
        (global.set $bytes (i64.add (global.get $bytes) (i64.load32_u (i32.const 8))))
        (call $look (i32.load (i32.const 8)))
        (br $more)))
    ;; Descriptor 4 is /output; create the file, with the right to write.
    (call $must (call $open (i32.const 4) (i32.const 0) (i32.const 16) (i32.const 6) (i32.const 9) (i64.const 64) (i64.const 0) (i32.const 0) (i32.const 8)))
    (global.set $file (i32.load (i32.const 8)))
    (call $print (global.get $bytes))
    (call $print (global.get $lines))
    (call $print (global.get $words))))
