(module
  (import "env" "add" (func $add (param i32 i32) (result i32)))
  (memory 1)
  (func (export "calls") (param $n i32) (result i32) (local $sum i32)
    (loop $next
      (local.set $sum (call $add (local.get $sum) (local.get $n)))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum))
  (func (export "touch") (param $at i32) (result i32)
    (i32.store (local.get $at) (i32.const 1))
    (i32.load (local.get $at)))
  (func (export "trap") (param $at i32) (result i32)
    (i32.load (local.get $at))))
