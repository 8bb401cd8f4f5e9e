"""The text of the kernel, in WebAssembly's text format: what `rounding.py` and `product.py` do with numpy, for eight inputs of four
rows at a time.

As there, adding 1.5·2²³ rounds half to even into the low bits of the float, and the integers are packed by shifting and adding
those words. The rows are the four outputs of a block; what is done for each of them is written once, with # for its number.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from builder.files.checksum import MULTIPLIER, WORD
from builder.quantize.rounding import BLOCK, MAX_INTEGER, OFFSET, ROUNDING, SMALLEST_EXACT, rounding_bits
from builder.quantize.scheme import Bits

INPUTS = 8
"""Read of a row at a time: a row, or a block of it, must be a multiple."""

SCALE = f"""
  (local.set $v# (i32x4.max_u (local.get $v#) (i8x16.shuffle 8 9 10 11 12 13 14 15 0 1 2 3 4 5 6 7 (local.get $v#) (local.get $v#))))
  (local.set $v# (i32x4.max_u (local.get $v#) (i8x16.shuffle 4 5 6 7 0 1 2 3 12 13 14 15 8 9 10 11 (local.get $v#) (local.get $v#))))
  (if (i32.ge_u (i32x4.extract_lane 0 (local.get $v#)) (i32.const {int(np.float32(np.inf).view(np.uint32))})) (then (return (i32.const 0))))
  (local.set $scale (f32.div (f32x4.extract_lane 0 (local.get $v#)) (f32.const MAX_INTEGER)))
  (if (f32.eq (local.get $scale) (f32.const 0)) (then (local.set $scale (f32.const 1))))
  (if (f32.lt (local.get $scale) (f32.const {float(SMALLEST_EXACT)})) (then (return (i32.const 0))))
  (f32.store (i32.add (local.get $scales) (i32.mul (local.get $row_of_scales) (i32.const #))) (local.get $scale))
  (local.set $s# (f32x4.splat (local.get $scale)))"""
"""From the magnitudes of a row's stretch in the lanes of $v#."""

SUM = """
  (i32.store (local.get $sums) (i32.sub
    (i32.add
      (i32.add (i32x4.extract_lane 0 (local.get $sum#)) (i32x4.extract_lane 1 (local.get $sum#)))
      (i32.add (i32x4.extract_lane 2 (local.get $sum#)) (i32x4.extract_lane 3 (local.get $sum#))))
    (i32.mul (local.get $k) (i32.const ZERO))))
  (local.set $sums (i32.add (local.get $sums) (i32.const 4)))"""
"""ZERO is the word that a value of zero is."""

GIVE_LENGTHS = """
    (func (export "give_lengths")
      (param $rows i32) (param $count i32) (param $k i32) (param $lengths i32) (param $squares i32)
      (local $at i32) (local $end i32) (local $to i32) (local $from i32) (local $left i32) (local $half i32)
      (local $length f32) (local $factor f32) (local $values v128)
      (loop $row
        (local.set $at (local.get $rows))
        (local.set $end (i32.add (local.get $rows) (i32.mul (local.get $k) (i32.const 4))))
        (local.set $to (local.get $squares))
        (loop $inputs
          (local.set $values (v128.load (local.get $at)))
          (v128.store (local.get $to) (f32x4.mul (local.get $values) (local.get $values)))
          (local.set $at (i32.add (local.get $at) (i32.const 16)))
          (local.set $to (i32.add (local.get $to) (i32.const 16)))
          (br_if $inputs (i32.lt_u (local.get $at) (local.get $end))))
        ;; the last half of what is left to the first, until one is left
        (local.set $left (local.get $k))
        (loop $halves
          (local.set $half (i32.shr_u (local.get $left) (i32.const 1)))
          (local.set $left (i32.sub (local.get $left) (local.get $half)))
          (local.set $to (local.get $squares))
          (local.set $from (i32.add (local.get $squares) (i32.mul (local.get $left) (i32.const 4))))
          (local.set $at (i32.add (local.get $squares) (i32.mul (local.get $half) (i32.const 4))))
          (block $few
            (loop $four
              (br_if $few (i32.gt_u (i32.add (local.get $to) (i32.const 16)) (local.get $at)))
              (v128.store (local.get $to) (f32x4.add (v128.load (local.get $to)) (v128.load (local.get $from))))
              (local.set $to (i32.add (local.get $to) (i32.const 16)))
              (local.set $from (i32.add (local.get $from) (i32.const 16)))
              (br $four)))
          (block $none
            (loop $one
              (br_if $none (i32.ge_u (local.get $to) (local.get $at)))
              (f32.store (local.get $to) (f32.add (f32.load (local.get $to)) (f32.load (local.get $from))))
              (local.set $to (i32.add (local.get $to) (i32.const 4)))
              (local.set $from (i32.add (local.get $from) (i32.const 4)))
              (br $one)))
          (br_if $halves (i32.gt_u (local.get $left) (i32.const 1))))
        (local.set $length (f32.sqrt (f32.load (local.get $squares))))
        (if (f32.eq (local.get $length) (f32.const 0)) (then (local.set $length (f32.const 1))))
        (local.set $factor (f32.div (f32.load (local.get $lengths)) (local.get $length)))
        (if (f32.eq (local.get $length) (f32.const inf)) (then (local.set $factor (f32.const nan))))
        (local.set $values (f32x4.splat (local.get $factor)))
        (loop $inputs
          (v128.store (local.get $rows) (f32x4.mul (v128.load (local.get $rows)) (local.get $values)))
          (local.set $rows (i32.add (local.get $rows) (i32.const 16)))
          (br_if $inputs (i32.lt_u (local.get $rows) (local.get $end))))
        (local.set $lengths (i32.add (local.get $lengths) (i32.const 4)))
        (local.set $count (i32.sub (local.get $count) (i32.const 1)))
        (br_if $row (local.get $count))))"""
"""As `give_lengths`, to rows of float32; `squares` has room for those of a row."""

AT_ONCE = 8
"""Words that the checksum takes in one go, where there are so many: a check of the bounds and a branch less for each."""


def _checksum() -> str:
    """As Checksum.of; `offset` and `apart` in words."""

    def words(count: int) -> str:
        """Adds up that many, and goes on behind them."""
        added = "\n".join(
            f"""
          (local.set $sum (i64.add (local.get $sum) (i64.mul (i64.load offset={WORD * word} (local.get $at))
            (i64.or (i64.const 1) (i64.add (local.get $factor) (i64.const {int(MULTIPLIER) * word % (1 << 64)}))))))"""
            for word in range(count)
        )
        return f"""{added}
          (local.set $factor (i64.add (local.get $factor) (i64.const {int(MULTIPLIER) * count % (1 << 64)})))
          (local.set $at (i32.add (local.get $at) (i32.const {WORD * count})))"""

    return f"""
    (func (export "checksum")
      (param $at i32) (param $rows i32) (param $words i32) (param $offset i64) (param $apart i64) (result i64)
      (local $left i32) (local $sum i64) (local $factor i64)
      (loop $row
        (local.set $factor (i64.mul (local.get $offset) (i64.const {int(MULTIPLIER)})))
        (local.set $left (local.get $words))
        (block $few
          (loop $many
            (br_if $few (i32.lt_u (local.get $left) (i32.const {AT_ONCE})))
            {words(AT_ONCE)}
            (local.set $left (i32.sub (local.get $left) (i32.const {AT_ONCE})))
            (br $many)))
        (block $none
          (loop $one
            (br_if $none (i32.eqz (local.get $left)))
            {words(1)}
            (local.set $left (i32.sub (local.get $left) (i32.const 1)))
            (br $one)))
        (local.set $offset (i64.add (local.get $offset) (local.get $apart)))
        (local.set $rows (i32.sub (local.get $rows) (i32.const 1)))
        (br_if $row (local.get $rows)))
      (local.get $sum))"""


def module_text() -> str:
    """The module, in WebAssembly's text format."""
    variants: tuple[tuple[Bits, Any], ...] = ((4, np.uint16), (4, np.float32), (8, np.uint16), (8, np.float32))
    return "\n".join(
        [
            '(module (memory (export "memory") 0)',
            *(_quantize(*variant) for variant in variants),
            _add_product(),
            GIVE_LENGTHS,
            _checksum(),
            ")",
        ]
    )


def _each(code: str) -> str:
    """The code for each of the four rows, with the row's number for #."""
    return "\n".join(code.replace("#", str(row)) for row in range(BLOCK))


def _quantize(bits: Bits, stored: type[np.generic]) -> str:
    """Rows of bfloat16 (as uint16) or float32 → strips, scales and sums. 1 done; 0 for values or scales that numpy looks into."""
    size = np.dtype(stored).itemsize
    bfloat16 = stored is np.uint16
    zero = int(rounding_bits(bits))
    if bfloat16:
        # the magnitudes of floats are in the order of their bits; the two of a word are joined at the end
        highest = _each(
            "(local.set $v# (i16x8.max_u (local.get $v#) (v128.and (v128.load (local.get $p#)) (i16x8.splat (i32.const 0x7fff)))))"
        )
        joined = _each(
            "(local.set $v# (i32x4.max_u (i32x4.shl (local.get $v#) (i32.const 16)) "
            "(v128.and (local.get $v#) (i32x4.splat (i32.const 0xffff0000)))))"
        )
    else:
        highest = "\n".join(
            _each(
                f"(local.set $v# (i32x4.max_u (local.get $v#) (v128.and (v128.load offset={offset} (local.get $p#)) "
                "(i32x4.splat (i32.const 0x7fffffff)))))"
            )
            for offset in (0, 16)
        )
        joined = ""

    def packed(first: int) -> str:
        """Of four inputs, from the `first` of eight: leaves a word for each, the first output in its lowest bits."""
        load = f"(v128.load offset={first * size} (local.get $p#))"
        if bfloat16:
            load = f"(i32x4.shl (v128.load16x4_u offset={first * size} (local.get $p#)) (i32.const 16))"
        rounded = _each(f"""
          (local.set $v# (f32x4.add (f32x4.div {load} (local.get $s#)) (f32x4.splat (f32.const {ROUNDING + OFFSET[bits]}))))
          (local.set $sum# (i32x4.add (local.get $sum#) (local.get $v#)))""")
        words = "(local.get $v0)"
        for row in range(1, BLOCK):
            words = f"(i32x4.add {words} (i32x4.shl (local.get $v{row}) (i32.const {bits * row})))"
        return f"{rounded} {words}"

    if bits == 4:  # of a word, the lower half is what counts
        write = f"""
          {packed(0)} (local.set $block)
          {packed(4)} (local.set $next)
          (local.set $block (i8x16.shuffle 0 1 4 5 8 9 12 13 16 17 20 21 24 25 28 29 (local.get $block) (local.get $next)))
          (v128.store64_lane 0 (local.get $to) (local.get $block))
          (local.set $to (i32.add (local.get $to) (local.get $apart)))
          (v128.store64_lane 1 (local.get $to) (local.get $block))
          (local.set $to (i32.add (local.get $to) (local.get $apart)))"""
    else:
        excess = sum((zero - OFFSET[bits]) << (bits * row) for row in range(BLOCK)) % (1 << 32)
        write = "".join(
            f"""
          {packed(first)} (local.set $block)
          (v128.store (local.get $to) (i32x4.sub (local.get $block) (i32x4.splat (i32.const {excess}))))
          (local.set $to (i32.add (local.get $to) (local.get $apart)))"""
            for first in (0, 4)
        )
    return f"""
    (func (export "quantize_{bits}_{np.dtype(stored)}")
      (param $in i32) (param $groups i32) (param $k i32) (param $width i32)
      (param $out i32) (param $apart i32) (param $scales i32) (param $sums i32) (result i32)
      (local $row i32) (local $row_of_scales i32) (local $row_end i32) (local $end i32) (local $to i32)
      (local $scale f32) (local $block v128) (local $next v128)
      {_each("(local $p# i32) (local $v# v128) (local $s# v128) (local $sum# v128)")}
      (local.set $row (i32.mul (local.get $k) (i32.const {size})))
      (local.set $row_of_scales (i32.mul (i32.div_u (local.get $k) (local.get $width)) (i32.const 4)))
      (loop $group
        {_each("(local.set $p# (i32.add (local.get $in) (i32.mul (local.get $row) (i32.const #))))")}
        {_each("(local.set $sum# (v128.const i32x4 0 0 0 0))")}
        (local.set $row_end (local.get $p1))
        (local.set $to (local.get $out))
        (loop $stretch
          ;; the largest magnitude of each row's stretch, and its scale
          (local.set $end (i32.add (local.get $p0) (i32.mul (local.get $width) (i32.const {size}))))
          {_each("(local.set $v# (v128.const i32x4 0 0 0 0))")}
          (loop $inputs
            {highest}
            {_each(f"(local.set $p# (i32.add (local.get $p#) (i32.const {INPUTS * size})))")}
            (br_if $inputs (i32.lt_u (local.get $p0) (local.get $end))))
          {joined}
          {_each(SCALE.replace("MAX_INTEGER", str(MAX_INTEGER[bits])))}
          (local.set $scales (i32.add (local.get $scales) (i32.const 4)))
          ;; again from the first input: divide, round, pack
          {_each(f"(local.set $p# (i32.sub (local.get $p#) (i32.mul (local.get $width) (i32.const {size}))))")}
          (loop $inputs
            {write}
            {_each(f"(local.set $p# (i32.add (local.get $p#) (i32.const {INPUTS * size})))")}
            (br_if $inputs (i32.lt_u (local.get $p0) (local.get $end))))
          (br_if $stretch (i32.lt_u (local.get $p0) (local.get $row_end))))
        {_each(SUM.replace("ZERO", str(zero)))}
        (local.set $scales (i32.add (local.get $scales) (i32.mul (local.get $row_of_scales) (i32.const {BLOCK - 1}))))
        (local.set $out (i32.add (local.get $out) (i32.const {2 * bits})))
        (local.set $in (i32.add (local.get $in) (i32.mul (local.get $row) (i32.const {BLOCK}))))
        (local.set $groups (i32.sub (local.get $groups) (i32.const 1)))
        (br_if $group (local.get $groups)))
      (i32.const 1))"""


def _add_product() -> str:
    """As `add_product`, to rows of float32. A lies in strips of eight inputs, (inputs / 8, rank, 8), so that it is read in order; B as
    (rank, rows), so that one read has the four rows' values."""
    lanes = {row: " ".join(str(4 * row + byte) for _ in range(4) for byte in range(4)) for row in range(BLOCK)}
    each = "".join(
        f"""
            (local.set $times (i8x16.shuffle {lanes[row]} (local.get $four) (local.get $four)))
            (local.set $l{row} (f32x4.add (local.get $l{row}) (f32x4.mul (local.get $low) (local.get $times))))
            (local.set $h{row} (f32x4.add (local.get $h{row}) (f32x4.mul (local.get $high) (local.get $times))))"""
        for row in range(BLOCK)
    )
    written = "\n".join(
        f"""
          (v128.store offset={offset} (local.get $to)
            (f32x4.add (v128.load offset={offset} (local.get $to)) (f32x4.mul (local.get ${half}#) (local.get $scales))))"""
        for half, offset in (("l", 0), ("h", 16))
    )
    return f"""
    (func (export "add_product")
      (param $rows i32) (param $groups i32) (param $k i32) (param $a i32) (param $b i32) (param $rank i32) (param $scale f32)
      (local $row i32) (local $apart i32) (local $at i32) (local $end i32) (local $strip i32) (local $column i32) (local $left i32)
      (local $to i32) (local $low v128) (local $high v128) (local $four v128) (local $times v128) (local $scales v128)
      {_each("(local $l# v128) (local $h# v128)")}
      (local.set $row (i32.mul (local.get $k) (i32.const 4)))
      (local.set $apart (i32.mul (local.get $groups) (i32.const {4 * BLOCK})))
      (local.set $scales (f32x4.splat (local.get $scale)))
      (loop $group
        (local.set $at (local.get $rows))
        (local.set $end (i32.add (local.get $rows) (local.get $row)))
        (local.set $strip (local.get $a))
        (loop $inputs
          {_each("(local.set $l# (v128.const i32x4 0 0 0 0)) (local.set $h# (v128.const i32x4 0 0 0 0))")}
          (local.set $column (local.get $b))
          (local.set $left (local.get $rank))
          (loop $each
            (local.set $low (v128.load (local.get $strip)))
            (local.set $high (v128.load offset=16 (local.get $strip)))
            (local.set $four (v128.load (local.get $column)))
            {each}
            (local.set $strip (i32.add (local.get $strip) (i32.const {4 * INPUTS})))
            (local.set $column (i32.add (local.get $column) (local.get $apart)))
            (local.set $left (i32.sub (local.get $left) (i32.const 1)))
            (br_if $each (local.get $left)))
          (local.set $to (local.get $at))
          {_each(written + "(local.set $to (i32.add (local.get $to) (local.get $row)))")}
          (local.set $at (i32.add (local.get $at) (i32.const {4 * INPUTS})))
          (br_if $inputs (i32.lt_u (local.get $at) (local.get $end))))
        (local.set $rows (i32.add (local.get $rows) (i32.mul (local.get $row) (i32.const {BLOCK}))))
        (local.set $b (i32.add (local.get $b) (i32.const {4 * BLOCK})))
        (local.set $groups (i32.sub (local.get $groups) (i32.const 1)))
        (br_if $group (local.get $groups))))"""
