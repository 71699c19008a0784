"""Placements: where a field is. One function per table, one for a group, one for what repeats.

They only note what the user wrote; what is wrong with it is said when the class is made.
"""

from modbus_schema.fields.placements.cells import coil as coil
from modbus_schema.fields.placements.cells import discrete_input as discrete_input
from modbus_schema.fields.placements.cells import holding_register as holding_register
from modbus_schema.fields.placements.cells import input_register as input_register
from modbus_schema.fields.placements.groups import group as group
from modbus_schema.fields.placements.groups import repeat as repeat
