"""What can be wrong with the fields of a map: a line of text per fault, nothing raised.

A line names class.field and, as far as they are known, table and address range.
"""

from modbus_schema.layout.checks.declarations import declaration_problems as declaration_problems
from modbus_schema.layout.checks.declarations import override_problem as override_problem
from modbus_schema.layout.checks.layouts import command_problems as command_problems
from modbus_schema.layout.checks.layouts import default_problems as default_problems
from modbus_schema.layout.checks.layouts import layout_problems as layout_problems
from modbus_schema.layout.checks.layouts import source_problems as source_problems
