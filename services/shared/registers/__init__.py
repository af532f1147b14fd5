"""Registers that people keep elsewhere and import as a workbook, for the checks of forms. Which there are and what their columns are called is data: ``schemas/registers``.

Whoever imports hands in bytes (``importing.receive``); the validation service opens them in the box and keeps the rows (``importing.read``, ``keeping``). The newest import
that could be read is in force.
"""

from services.shared.registers.definition import RegisterDefinition, load_registers
from services.shared.registers.keeping import registers_in_force

__all__ = ["RegisterDefinition", "load_registers", "registers_in_force"]
