"""Devices that exist only as an instance of their map, served to any Modbus client."""
