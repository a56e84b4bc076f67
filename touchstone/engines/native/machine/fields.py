"""The machine's language: what an instruction, a stage and a row are, as columns of int64 tables.

A program is lowered (`lowering.py`) to instructions on one arena of int32. Instructions that may
run side by side form a stage; its work is cut into units that threads draw one after the other.
"""

from __future__ import annotations

from touchstone.programs.rules import RULES

# Columns of an instruction. OUT, A, B and C are places in the arena.
OP, GROUPS, WIDTH, UNITS, OUT, A, B, C, P0, P1, P2, P3, P4, P5, P6, P7 = range(16)
INSTRUCTION = 16
OPERANDS = (OUT, A, B, C)

# Columns of a stage, and the kinds of its units: runs of rows; runs of panels of weights;
# pairs of a row and a head of keys.
KIND, FIRST, LAST, SIDE = range(4)
STAGE = 4
ROWS, PANELS, HEADS = range(3)

BODY, HEAD = 0, 1
"""Sides: what must run at every position since later ones look back at it, and what need not."""

# Columns of a row: its position, the number of its session, and, on the side HEAD, its row in BODY.
POSITION, SLOT, SOURCE = range(3)
ROW = 3

# Columns of the settings of a step.
COUNT_0, COUNT_1, STRIDE, THREADS, ROW_RUN, FIRST_STAGE, LAST_STAGE = range(7)
SETTINGS = 7

# Operators keep their opcodes; these are the machine's own.
NARROW, KEEP_KEYS, KEEP_VALUES, GATHER, ATTENTION = range(-5, 0)

ADD = RULES["add"].opcode
ARGMAX = RULES["argmax"].opcode
CAUSAL_MIX = RULES["causal_mix"].opcode
CAUSAL_SCORES = RULES["causal_scores"].opcode
CENTRE = RULES["centre"].opcode
CONCAT = RULES["concat"].opcode
EMBED_POSITIONS = RULES["embed_positions"].opcode
EMBED_TOKENS = RULES["embed_tokens"].opcode
EMIT = RULES["emit"].opcode
EXP = RULES["exp"].opcode
INVERSE_ROOT = RULES["inverse_root"].opcode
LOOKUP = RULES["lookup"].opcode
MATMUL = RULES["matmul"].opcode
MEAN_SQUARE = RULES["mean_square"].opcode
MULTIPLY = RULES["multiply"].opcode
PEAK = RULES["peak"].opcode
PERTURB = RULES["perturb"].opcode
PROBABILITIES = RULES["probabilities"].opcode
ROTATE = RULES["rotate"].opcode
ROW_MAX = RULES["row_max"].opcode
ROW_MEAN = RULES["row_mean"].opcode
ROW_SUM = RULES["row_sum"].opcode
SCALE_ROW = RULES["scale_row"].opcode
SLICE = RULES["slice"].opcode
TEMPER = RULES["temper"].opcode
