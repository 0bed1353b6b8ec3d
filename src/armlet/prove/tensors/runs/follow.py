"""Follows a straight run of instructions until control leaves it."""

from armlet.isa.instruction import Instruction
from armlet.isa.semantics import RefusalError
from armlet.prove.execute import form_number, function_at
from armlet.prove.tensors.runs.execution import Execution
from armlet.prove.tensors.runs.ground import InexactError
from armlet.prove.tensors.runs.passage import Exit


def follow(run: Execution, start: int) -> Exit:
    """Execute until control leaves. Raises `RefusalError` with the instruction, or `InexactError`."""
    run.start, at, inside = start, start, function_at(run.ground.image, start)
    reading = run.ground.program.isa.reading
    while True:
        form = run.ground.program.forms[form_number(run.ground.program, at)]
        run.at, run.text, run.steps = at, form.text, run.steps + 1
        branch, following = reading.branch_of(form), at + form.size
        try:
            if branch is not None:
                return _branch(run, branch, following, inside)
            to = _step(run, form, at)
        except RefusalError as refusal:
            raise RefusalError(f"{form.text} at {at:#010x} {refusal}") from None
        at = following if to is None else to
        if at not in inside:
            if to is None or form.name not in run.ground.program.isa.leaves:
                raise RefusalError(f"{form.text} at {run.at:#010x} goes on at {at:#010x}, in another function")
            return Exit(at)
        if to is not None or at in run.ground.targets:
            return Exit(at)


def _step(run: Execution, form: Instruction, at: int) -> int | None:
    try:
        return run.ground.program.isa.reading.compile_integer_step(form)(run, at)
    except RefusalError:
        names = run.ground.program.isa.reading.register_names(form.reads | form.address)
        terms = [run.registers[name] for name in names if name in run.registers]
        inexact = {number for term in terms for number in run.symbols_in(run.terms.form(term))}
        if inexact:
            raise InexactError(inexact) from None
        raise


def _branch(run: Execution, branch: tuple[bool, int], following: int, inside: range) -> Exit:
    is_equal, target = branch
    if target not in inside or following not in inside:
        raise RefusalError("goes to another function")
    if run.flags is None:
        raise RefusalError("goes on by flags that nothing sets on the way from the last branch")
    found = run.affine(run.terms.form(run.flags))
    if found is None:
        raise RefusalError("goes on by what depends on data")
    return Exit(target, found, following, is_equal)
