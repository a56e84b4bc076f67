"""The machine's language: what an instruction, a stage and a row are, as columns of int64 tables.

A program is lowered (`lowering.py`) to instructions on one arena of int32. Instructions that may
run side by side form a stage; its work is cut into units that threads draw one after the other.
"""

from __future__ import annotations

from touchstone.programs.rules import RULES

# Columns of an instruction. OUT, A, B, C and D are places in the arena.
OP, GROUPS, WIDTH, UNITS, OUT, A, B, C, D, P0, P1, P2, P3, P4, P5, P6, P7 = range(17)
INSTRUCTION = 17
OPERANDS = (OUT, A, B, C, D)

# Columns of a stage, and the kinds of its units: runs of rows; runs of panels of weights;
# pairs of a row and a head of keys; pairs of a whole sequence and a group.
KIND, FIRST, LAST, SIDE = range(4)
STAGE = 4
ROWS, PANELS, HEADS, SEQUENCES = range(4)

BODY, HEAD = 0, 1
"""Sides. BODY has a row for each position. In a causal program HEAD has those whose output is
wanted, for what no later position looks back at; in others it has one row for each sequence."""

# Columns of a row: its position; the number of its session; the row that GATHER copies to it; the
# first row of its sequence in BODY; the elements of a value that is as wide as the sequence.
POSITION, SLOT, SOURCE, BEGIN, EXTENT = range(5)
ROW = 5

# Columns of the settings of a step.
COUNT_0, COUNT_1, STRIDE, THREADS, ROW_RUN, FIRST_STAGE, LAST_STAGE = range(7)
SETTINGS = 7

# Operators keep their opcodes; these are the machine's own.
ATTENTION_ACROSS, NARROW, KEEP_KEYS, KEEP_VALUES, GATHER, ATTENTION = range(-6, 0)

ADD = RULES["add"].opcode
ARGMAX = RULES["argmax"].opcode
CAUSAL_MIX = RULES["causal_mix"].opcode
CAUSAL_SCORES = RULES["causal_scores"].opcode
CENTRE = RULES["centre"].opcode
COLUMN_MAX = RULES["column_max"].opcode
COLUMN_MEAN = RULES["column_mean"].opcode
CONCAT = RULES["concat"].opcode
EMBED_POSITIONS = RULES["embed_positions"].opcode
EMBED_TOKENS = RULES["embed_tokens"].opcode
EMIT = RULES["emit"].opcode
EXP = RULES["exp"].opcode
INVERSE_ROOT = RULES["inverse_root"].opcode
LOOKUP = RULES["lookup"].opcode
MATMUL = RULES["matmul"].opcode
MEAN_SQUARE = RULES["mean_square"].opcode
MIX = RULES["mix"].opcode
MULTIPLY = RULES["multiply"].opcode
PEAK = RULES["peak"].opcode
PERTURB = RULES["perturb"].opcode
PROBABILITIES = RULES["probabilities"].opcode
ROTATE = RULES["rotate"].opcode
ROW_MAX = RULES["row_max"].opcode
ROW_MEAN = RULES["row_mean"].opcode
ROW_SUM = RULES["row_sum"].opcode
SCALE_ROW = RULES["scale_row"].opcode
SCORES = RULES["scores"].opcode
SLICE = RULES["slice"].opcode
TEMPER = RULES["temper"].opcode
