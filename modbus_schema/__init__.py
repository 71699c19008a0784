"""Typed, declarative register maps for Modbus."""
