(module
  (type (;0;) (func (param i32)))
  (import "env" "memory" (memory (;0;) 1 1))
  (import "env" "notify" (func $notify (type 0)))
  (func $count (type 0) (param $from i32)
    loop  ;; label = @1
      local.get $from
      i32.const -1
      i32.add
      local.set $from
      local.get $from
      br_if 0 (;@1;)
    end
    local.get $from
    call $notify
    return)
  (export "count" (func $count)))
