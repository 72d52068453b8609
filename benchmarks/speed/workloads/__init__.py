"""What is measured: a module for each workload, importable without its libraries."""

import importlib
import pkgutil

# Every module of this folder, by its name.
WORKLOADS = {
    name: importlib.import_module(f"{__name__}.{name}").WORKLOAD
    for name in sorted(module.name for module in pkgutil.iter_modules(__path__))
}
