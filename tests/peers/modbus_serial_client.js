// node modbus_serial_client.js TRANSPORT HOST_OR_DEVICE PORT_OR_BAUDRATE
//
// modbus-serial as a client that is told lines and answers them, see children.py.
"use strict";
const readline = require("readline");
const ModbusRTU = require("modbus-serial");

const [transport, place, number] = process.argv.slice(2);
const client = new ModbusRTU();

function connect() {
    const port = { port: Number(number) };
    const line = { baudRate: Number(number), parity: "even", dataBits: transport === "ascii" ? 7 : 8 };
    switch (transport) {
        case "tcp": return client.connectTCP(place, port);
        case "rtu+tcp": return client.connectTelnet(place, port);
        case "udp": return client.connectUDP(place, port);
        case "rtu": return client.connectRTUBuffered(place, line);
        case "ascii": return client.connectAsciiSerial(place, line);
    }
    throw new Error("no transport " + transport);
}

function bits(answer, quantity) {
    return answer.data.slice(0, quantity).map(Number).join(" ");
}

const requests = {
    read_coils: async (at, n) => bits(await client.readCoils(at, n), n),
    read_discrete_inputs: async (at, n) => bits(await client.readDiscreteInputs(at, n), n),
    read_holding_registers: async (at, n) => (await client.readHoldingRegisters(at, n)).data.join(" "),
    read_input_registers: async (at, n) => (await client.readInputRegisters(at, n)).data.join(" "),
    read_each: async (at, n) => {
        const reads = [...Array(n).keys()].map((more) => client.readInputRegisters(at + more, 1));
        return (await Promise.all(reads)).map((answer) => answer.data[0]).join(" ");
    },
    write_single_coil: async (at, value) => { await client.writeCoil(at, value === 1); },
    write_single_register: async (at, value) => { await client.writeRegister(at, value); },
    write_multiple_coils: async (at, ...values) => { await client.writeCoils(at, values); },
    write_multiple_registers: async (at, ...values) => { await client.writeRegisters(at, values); },
    mask_write_register: async (at, and, or) => { await client.maskWriteRegister(at, and, or); },
    read_write_multiple_registers: async (at, n, write, ...values) =>
        (await client.readWriteRegisters(at, n, write, values.length, values)).data.join(" "),
    report_server_id: async () => {
        const answer = await client.reportServerID(0, 0);
        const head = Buffer.from([answer.serverId, answer.running ? 0xff : 0]);
        return Buffer.concat([head, answer.additionalData]).toString("hex");
    },
    read_file_record: async (file, record, n) => {
        // it always asks for 100 registers
        const data = Buffer.from((await client.readFileRecords(file, record)).data);
        return [...Array(n).keys()].map((at) => data.readUInt16BE(2 * at)).join(" ");
    },
    read_device_identification: async (category) => {
        const objects = (await client.readDeviceIdentification(category, 0)).data;
        return Object.keys(objects)
            .map((id) => id + "=" + Buffer.from(objects[id], "latin1").toString("hex"))
            .join(" ");
    }
};

async function main() {
    await connect();
    client.setID(1);
    client.setTimeout(5000);
    for await (const line of readline.createInterface({ input: process.stdin })) {
        const [name, ...numbers] = line.split(" ");
        try {
            const answer = await requests[name](...numbers.map(Number));
            console.log(answer ? "ok " + answer : "ok");
        } catch (error) {
            console.log(error.modbusCode ? "exception " + error.modbusCode : "error " + error.message);
        }
    }
    client.close(() => process.exit(0));
}

main().catch((error) => { console.log("error " + error.message); process.exit(1); });
