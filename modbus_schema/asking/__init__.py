"""Devices that say of themselves which shape they have: what each said, and reads by it."""
