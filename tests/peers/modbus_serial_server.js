// node modbus_serial_server.js tcp CELLS     node modbus_serial_server.js rtu DEVICE BAUDRATE CELLS
//
// modbus-serial as a server with four tables of their own; says "ok PORT" and ends with its input.
"use strict";
const ModbusRTU = require("modbus-serial");

const [transport, ...words] = process.argv.slice(2);
const cells = Number(words[words.length - 1]);
const numbers = [...Array(cells).keys()];
const coils = numbers.map(() => false);
const inputs = numbers.map((n) => n % 5 === 0 || n % 5 === 3);
const holding = numbers.map(() => 0);
const registers = numbers.map((n) => (n * 523 + 7) & 0xffff);

function cell(table, at) {
    if (at >= cells) throw { modbusErrorCode: 2 };
    return table[at];
}

function put(table, at, value) {
    cell(table, at);
    table[at] = value;
}

const vector = {
    getCoil: (at) => cell(coils, at),
    getDiscreteInput: (at) => cell(inputs, at),
    getHoldingRegister: (at) => cell(holding, at),
    getInputRegister: (at) => cell(registers, at),
    setCoil: (at, value) => put(coils, at, value),
    setRegister: (at, value) => put(holding, at, value),
    reportServerID: () => ({ id: 0x2a, running: true, additionalData: Buffer.from("more") }),
    readDeviceIdentification: () => ({
        0: "Acme", 1: "HP-9000", 2: "V3", 3: "acme.example", 4: "Pump", 5: "9", 6: "Cellar",
        128: "a".repeat(150), 129: "b".repeat(150)
    })
};

if (transport === "tcp") {
    // port 0 would be taken for none; the one that is free is found first
    const probe = require("net").createServer();
    probe.listen(0, "127.0.0.1", () => {
        const port = probe.address().port;
        probe.close(() => {
            const server = new ModbusRTU.ServerTCP(vector, { host: "127.0.0.1", port });
            server.on("initialized", () => console.log("ok " + port));
        });
    });
} else {
    const [device, baudRate] = words;
    const line = { path: device, baudRate: Number(baudRate), parity: "even", unitID: 1 };
    const server = new ModbusRTU.ServerSerial(vector, line);
    server.on("initialized", () => console.log("ok 0"));
}
process.stdin.on("end", () => process.exit(0)).resume();
