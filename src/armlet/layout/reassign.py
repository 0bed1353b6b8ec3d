"""Reassigns registers, so that neighbours in memory come into neighbouring registers.

A batch of loads defines all its registers afresh, and so does the start of a sum: which register each value gets is
free, as long as no value that is still wanted holds it. A run of neighbours takes a gap of free registers that holds it
whole. Where there is a choice, the one is taken that leaves the widest gaps halfway through the value's life: sums,
which stay for long, gather at one end, and loads come and go in one piece at the other. A sum that is kept as an
output takes the register where it is to end, if that is free.
"""

from dataclasses import replace

import numpy as np

from armlet.kernels import njit
from armlet.layout.layout import Layout
from armlet.schedule.code import DEFINES, OP, REGISTER, VALUE, WHAT, Code, Op
from armlet.schedule.kept_outputs import settled

_LOAD, _KEEP = int(Op.LOAD), int(Op.KEEP)


def reassign(code: Code, layout: Layout) -> Code:
    """The same code with registers given anew, and the loads of each batch in the order of words."""
    rows = code.instructions.copy()
    graph = code.order.graph
    own = _own_places(rows, code.registers, graph.nodes)
    _reassign(rows, _last_uses(rows, code.registers), own, layout.words, graph.inputs, code.registers)
    rows = settled(rows, graph.nodes, code.registers)
    return replace(code, instructions=rows, structure=code.structure if len(rows) == len(code.instructions) else ())


@njit(cache=True)
def _last_uses(rows, registers):
    """For each instruction that defines a register afresh: the last one that uses what it holds."""
    last = np.arange(len(rows))
    defined = np.zeros(registers, np.int64)
    for at in range(len(rows)):
        op, a, x = rows[at, OP], rows[at, REGISTER], rows[at, VALUE]
        if x >= 0:
            last[defined[x]] = at
        if op == _KEEP:
            continue
        if DEFINES[op]:
            defined[a] = at
        else:
            last[defined[a]] = at
    return last


@njit(cache=True)
def _own_places(rows, registers, nodes):
    """For each instruction that defines what is kept to the end: the register where it is to end; -1 for the others."""
    own = np.full(len(rows), -1, np.int64)
    defined = np.zeros(registers, np.int64)
    for at in range(len(rows)):
        if rows[at, OP] == _KEEP:
            own[defined[rows[at, VALUE]]] = rows[at, WHAT] - nodes
        elif DEFINES[rows[at, OP]]:
            defined[rows[at, REGISTER]] = at
    return own


@njit(cache=True)
def _reassign(rows, last, own, word, inputs, registers):
    name = np.arange(registers)
    until = np.full(registers, -1, np.int64)  # by register: the last use of what it holds
    at = 0
    while at < len(rows):
        op, a, x = rows[at, OP], rows[at, REGISTER], rows[at, VALUE]
        if op == _LOAD:
            at = _reassign_batch(rows, at, last, word, inputs, name, until)
            continue
        if x >= 0:
            rows[at, VALUE] = name[x]
        if op == _KEEP:
            at += 1
            continue
        if DEFINES[op]:
            if own[at] >= 0 and until[own[at]] < at:
                name[a] = own[at]
            else:
                name[a] = _best_place(until, at, 1, (at + last[at]) // 2, True)
            until[name[a]] = last[at]
        rows[at, REGISTER] = name[a]
        at += 1


@njit(cache=True)
def _reassign_batch(rows, at, last, word, inputs, name, until):
    """Sort the batch of loads that begins at `at` and give it registers; gives where it ends."""
    end = _end_of_batch(rows, at, inputs, len(name))
    by_word = at + np.argsort(word[rows[at:end, WHAT]], kind="mergesort")
    batch, lives = rows[by_word].copy(), last[by_word].copy()
    rows[at:end] = batch
    words = word[batch[:, WHAT]]
    placed = np.zeros(len(batch), np.bool_)
    most = len(batch)
    while not placed.all():
        begin, length = _longest_run(words, placed, most)
        middle = (at + np.sort(lives[begin : begin + length])[length // 2]) // 2
        first = _best_place(until, at, length, middle, False)
        if first < 0:  # no gap holds the run: what fits goes first
            most = length - 1
            continue
        for k in range(length):
            rows[at + begin + k, REGISTER] = name[batch[begin + k, REGISTER]] = first + k
            until[first + k] = max(lives[begin + k], end - 1)
            placed[begin + k] = True
    return end


@njit(cache=True)
def _end_of_batch(rows, at, inputs, registers):
    """Where the run of loads ends; the two blocks of memory never share one, nor is a register loaded twice."""
    loaded = np.zeros(registers, np.bool_)
    end = at
    while end < len(rows) and rows[end, OP] == _LOAD and (rows[end, WHAT] < inputs) == (rows[at, WHAT] < inputs):
        if loaded[rows[end, REGISTER]]:
            break
        loaded[rows[end, REGISTER]] = True
        end += 1
    return end


@njit(cache=True)
def _longest_run(words, placed, most):
    """The first of the longest runs of neighbours not yet placed, cut to `most`."""
    begin, length, start = 0, 0, 0
    for k in range(len(words)):
        if placed[k] or k == 0 or placed[k - 1] or words[k] != words[k - 1] + 1:
            start = k
        if not placed[k] and min(most, k + 1 - start) > length:
            begin, length = start, min(most, k + 1 - start)
    return begin, length


@njit(cache=True)
def _best_place(until, now, length, then, high):
    """Where `length` free registers side by side begin, -1 if nowhere: those that leave the widest gaps at `then`."""
    best, chosen = -1, -1
    for first in range(len(until) - length + 1):
        if (until[first : first + length] >= now).any():
            continue
        squares, gap = 0, 0
        for register in range(len(until) + 1):
            inside = first <= register < first + length
            if register < len(until) and not inside and until[register] <= then:
                gap += 1
            else:
                squares += gap * gap
                gap = 0
        if squares > best or (high and squares == best):
            best, chosen = squares, first
    return chosen
