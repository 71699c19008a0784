"""What ``python -m modbus_schema`` does with devices: read, write, simulate."""
