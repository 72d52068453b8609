"""What a task asks of its run: arguments that only the run can know.

A task class names them in `run_arguments`. In the plan of a run they are None until
the run knows them, unless the user gave a value.
"""

from kerassl.checks import check_one_of
from kerassl.zoo.assemble import resolve

# All that a run tells: steps it has, examples it trains on, whole batches in a pass.
FACTS = ("steps", "examples", "batches_in_pass")


def asked(plan):
    """Returns {argument: fact} of what the task of a plan asks of its run.

    Args:
        plan: The run's configuration. A task of one's own is made already, and
            asks for nothing.
    """
    model = plan["model"]
    if "config" in model:
        return {}
    wanted = resolve(model["class"], "model").run_arguments
    for argument, fact in wanted.items():
        check_one_of(f"run_arguments[{argument!r}]", fact, FACTS)
    return wanted


def ask(plan, overrides):
    """Leaves open what the run is to fill in, in place.

    Args:
        plan: The run's configuration.
        overrides: What the user changed, a dict with dotted keys: such an argument
            keeps its value.
    """
    for argument in asked(plan):
        if f"model.{argument}" not in overrides:
            plan["model"][argument] = None


def fill(plan, **facts):
    """Fills in what the run knows by now, in place.

    Args:
        plan: The run's configuration.
        **facts: Some of `FACTS`, integers.
    """
    for argument, fact in asked(plan).items():
        if plan["model"].get(argument) is None and fact in facts:
            plan["model"][argument] = facts[fact]


def with_steps(plan, steps, instead_of):
    """Changes the steps that a task was told, in place.

    Args:
        plan: The run's configuration.
        steps: The steps of the run from now on.
        instead_of: Those that it had. An argument with another value is the
            user's own, and stays.
    """
    for argument, fact in asked(plan).items():
        if fact == "steps" and plan["model"].get(argument) == instead_of:
            plan["model"][argument] = steps
