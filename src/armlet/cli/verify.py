"""armlet verify: whether a build is what it claims to be."""

from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated

import typer

from armlet.cli.options import Config, Json, Quiet, Seed, Verbose, resolve_options
from armlet.cli.terminal.console import Console, table

if TYPE_CHECKING:
    from armlet.mutate.trial import Trial
    from armlet.verify.options import VerifyOptions
    from armlet.verify.verdict import Verdict


def verify(
    build: Annotated[Path, typer.Argument(metavar="BUILD", help="Build folder that armlet compile wrote.")],
    random: Annotated[int | None, typer.Option(help="Random inputs beside the fixed ones (default: 32).")] = None,
    mutants: Annotated[
        int | None, typer.Option(help="Try the verifier instead: it must catch so many faulty copies of the program.")
    ] = None,
    seed: Seed = None,
    config: Config = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    json: Json = False,
) -> None:
    """Link a build for its exact core, run it in the emulator, and compare every bit of its outputs.

    Shows what it costs: instructions, loads and stores, bytes, and cycles by the core's manual. Exit code 1 where a
    claim does not hold.

    With --mutants the verifier itself stands trial: each faulty copy must be caught, or run exactly as the program.

    Example: armlet verify build/digits
    """
    from armlet.extras import require

    require("running a build", "verify")
    from armlet.verify.options import VerifyOptions
    from armlet.verify.verify import verify_build

    console = Console(quiet, verbose, json)
    options = resolve_options(VerifyOptions, "verify", config, random=random, mutants=mutants, seed=seed)
    if options.mutants:
        _try_verifier(console, build, options)
        return
    with console.progress("verifying"):
        verdict = verify_build(build, options.random, options.seed)
    console.result(verdict.as_json(), show_verdict(build, verdict, verbose))
    if not verdict.holds:
        raise typer.Exit(1)


def _try_verifier(console: Console, build: Path, options: "VerifyOptions") -> None:
    from armlet.mutate.trial import try_verifier

    start = monotonic()
    with console.progress("mutants") as advance:
        trial = try_verifier(build, options.mutants, options.seed, advance=advance)
    seconds = monotonic() - start
    console.result(trial.as_json(), show_trial(build, trial))
    console.detail(f"{trial.made} mutants in {seconds:.1f} s, {trial.made / seconds:.1f} a second")
    if not trial.holds:
        raise typer.Exit(1)


def show_trial(build: Path, trial: "Trial") -> str:
    """What became of each kind of mutant, the missed ones by address, and the answer as the last line."""
    from armlet.mutate.trial import Outcome

    if trial.problem:
        return f"{build}: {trial.problem}"
    rows = [[kind, sum(counts.values()), *counts.values()] for kind, counts in trial.fates.items()]
    rows.append(["all", trial.made, *(trial.total(fate) for fate in Outcome)])
    shown = [[str(kind), *(f"{count:,}" for count in counts)] for kind, *counts in rows]
    lines = [table(["kind of mutant", "made", *(fate.value for fate in Outcome)], shown)]
    lines += ["", f"equivalent: the same outputs to the bit for {trial.inputs:,} inputs through both entries"]
    lines += [f"missed {line}" for line in trial.missed]
    answer = "every mutant is caught or equivalent" if trial.holds else f"{len(trial.missed)} mutants are SURVIVED"
    return "\n".join([*lines, "", f"{build}: {answer}"])


def show_verdict(build: Path, verdict: "Verdict", verbose: bool = False) -> str:
    """The claims one by one, the figures as a table, and the answer as the last line."""
    width = max(len(check.claim) for check in verdict.checks)
    lines = [f"{'ok' if c.holds else 'NO':>4}  {c.claim:<{width}}  {c.detail}".rstrip() for c in verdict.checks]
    if verdict.figures:
        lines += ["", show_figures(verdict)]
    if verbose:
        for entry, figures in verdict.figures.items():
            counts = ", ".join(f"{name} {count}" for name, count in figures.mnemonics.items())
            lines += ["", f"{entry}: {counts}"]
    wrong = sum(not check.holds for check in verdict.checks)
    answer = "verified" if verdict.holds else f"NOT verified: {wrong} of {len(verdict.checks)} claims do not hold"
    return "\n".join([*lines, "", f"{build}: {answer}; inputs {verdict.domain}"])


def show_figures(verdict: "Verdict") -> str:
    """What a call of each entry costs."""
    rows = {
        "instructions": [f.instructions for f in verdict.figures.values()],
        "cycles, no wait states": [f.cycles for f in verdict.figures.values()],
        "loads: activations": [f.loads.activation for f in verdict.figures.values()],
        "loads: weights": [f.loads.weight for f in verdict.figures.values()],
        "loads: stack": [f.loads.stack for f in verdict.figures.values()],
        "stores: activations": [f.stores.activation for f in verdict.figures.values()],
        "stores: stack": [f.stores.stack for f in verdict.figures.values()],
        "flash, bytes": [f.flash_bytes for f in verdict.figures.values()],
        "RAM without stack, bytes": [f.ram_bytes for f in verdict.figures.values()],
        "stack, bytes": [f.stack_bytes for f in verdict.figures.values()],
    }
    shown = [[what, *(f"{value:,}" for value in values)] for what, values in rows.items()]
    part = next(iter(verdict.figures.values())).part
    on_part = [f"{f.cycles_on_part:,}" for f in verdict.figures.values()]
    time = [f"{f.milliseconds:.3f}" for f in verdict.figures.values()]
    shown[2:2] = [[f"cycles, {part}", *on_part], ["milliseconds there", *time]]
    return table(["one call of", *verdict.figures], shown)
