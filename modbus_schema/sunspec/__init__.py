"""SunSpec: its models as typed classes, found on devices and simulated.

``load(103)`` is the class of a model, ``scan(client)`` finds the models of a device, and
``simulate(Common(...), InverterThreePhase(...))`` is a device made of instances.
"""

from modbus_schema.sunspec.catalogue import UnknownModel, model_ids
from modbus_schema.sunspec.chain import NoSunSpec
from modbus_schema.sunspec.classes import load
from modbus_schema.sunspec.scanning import AsyncScan, Found, Scan, scan, scan_async
from modbus_schema.sunspec.simulated import Part, SunSpecSimulation, assemble, simulate, with_length

__all__ = [
    "AsyncScan",
    "Found",
    "NoSunSpec",
    "Part",
    "Scan",
    "SunSpecSimulation",
    "UnknownModel",
    "assemble",
    "load",
    "model_ids",
    "scan",
    "scan_async",
    "simulate",
    "with_length",
]
