;; The three steps of cubic resampling; resample.ts describes their parameters; test/wasm/reference.ts has them in TypeScript.
;; All of them read and write whole vectors, so up to 15 bytes beyond the end that they are given.
(module
  (import "env" "memory" (memory 1))

  ;; Bytes to floats, eight at a time.
  (func (export "widen") (param $from i32) (param $end i32) (param $out i32)
    (local $eight v128)
    (loop $next
      (local.set $eight (v128.load8x8_u align=1 (local.get $from)))
      (v128.store align=4 (local.get $out)
        (f32x4.convert_i32x4_s (i32x4.extend_low_i16x8_u (local.get $eight))))
      (v128.store align=4 (i32.add (local.get $out) (i32.const 16))
        (f32x4.convert_i32x4_s (i32x4.extend_high_i16x8_u (local.get $eight))))
      (local.set $out (i32.add (local.get $out) (i32.const 32)))
      (local.set $from (i32.add (local.get $from) (i32.const 8)))
      (br_if $next (i32.lt_u (local.get $from) (local.get $end)))))

  ;; Weighted sums of four floats that are $stride bytes apart, for each entry of a table: an i32 and four f32.
  (func (export "mix")
    (param $entry i32) (param $end i32) (param $stride i32) (param $count i32)
    (param $source i32) (param $sourceStep i32) (param $out i32) (param $outStep i32) (param $entryStep i32)
    (local $at0 i32) (local $at1 i32) (local $at2 i32) (local $at3 i32) (local $to i32) (local $left i32)
    (local $weight0 v128) (local $weight1 v128) (local $weight2 v128) (local $weight3 v128)
    (loop $entries
      (local.set $at0 (i32.add (local.get $source) (i32.load (local.get $entry))))
      (local.set $at1 (i32.add (local.get $at0) (local.get $stride)))
      (local.set $at2 (i32.add (local.get $at1) (local.get $stride)))
      (local.set $at3 (i32.add (local.get $at2) (local.get $stride)))
      (local.set $to (local.get $out))
      (local.set $weight0 (v128.load32_splat offset=4 (local.get $entry)))
      (local.set $weight1 (v128.load32_splat offset=8 (local.get $entry)))
      (local.set $weight2 (v128.load32_splat offset=12 (local.get $entry)))
      (local.set $weight3 (v128.load32_splat offset=16 (local.get $entry)))
      (local.set $left (local.get $count))
      (loop $along
        (v128.store align=4 (local.get $to)
          (f32x4.add
            (f32x4.add
              (f32x4.add
                (f32x4.mul (v128.load align=4 (local.get $at0)) (local.get $weight0))
                (f32x4.mul (v128.load align=4 (local.get $at1)) (local.get $weight1)))
              (f32x4.mul (v128.load align=4 (local.get $at2)) (local.get $weight2)))
            (f32x4.mul (v128.load align=4 (local.get $at3)) (local.get $weight3))))
        (local.set $at0 (i32.add (local.get $at0) (local.get $sourceStep)))
        (local.set $at1 (i32.add (local.get $at1) (local.get $sourceStep)))
        (local.set $at2 (i32.add (local.get $at2) (local.get $sourceStep)))
        (local.set $at3 (i32.add (local.get $at3) (local.get $sourceStep)))
        (local.set $to (i32.add (local.get $to) (local.get $outStep)))
        (local.set $left (i32.sub (local.get $left) (i32.const 1)))
        (br_if $along (local.get $left)))
      (local.set $out (i32.add (local.get $out) (local.get $entryStep)))
      (local.set $entry (i32.add (local.get $entry) (i32.const 20)))
      (br_if $entries (i32.lt_u (local.get $entry) (local.get $end)))))

  ;; Floats to bytes, sixteen at a time: halves to even, then clamped to 0..255 by the two narrowing steps.
  (func (export "round") (param $from i32) (param $end i32) (param $out i32)
    (loop $next
      (v128.store align=4 (local.get $out)
        (i8x16.narrow_i16x8_u
          (i16x8.narrow_i32x4_s
            (i32x4.trunc_sat_f32x4_s (f32x4.nearest (v128.load offset=0 align=4 (local.get $from))))
            (i32x4.trunc_sat_f32x4_s (f32x4.nearest (v128.load offset=16 align=4 (local.get $from)))))
          (i16x8.narrow_i32x4_s
            (i32x4.trunc_sat_f32x4_s (f32x4.nearest (v128.load offset=32 align=4 (local.get $from))))
            (i32x4.trunc_sat_f32x4_s (f32x4.nearest (v128.load offset=48 align=4 (local.get $from)))))))
      (local.set $out (i32.add (local.get $out) (i32.const 16)))
      (local.set $from (i32.add (local.get $from) (i32.const 64)))
      (br_if $next (i32.lt_u (local.get $from) (local.get $end))))))
