"""The Modbus protocol: clients, servers and the drop-in faces of pyModbusTCP 0.1.10."""
