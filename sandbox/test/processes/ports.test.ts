/** Proves that free ports are found, and that the process on a used port is named without its arguments. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { spawn } from "node:child_process";
import { describeHolder, freePort, whoHolds } from "../../processes";
import { ended, firstLine, temporaryFolder } from "./kit";

describe("Ports", () => {
    it("are reserved for one process only", async () => {
        const ports = await Promise.all(Array.from({ length: 20 }, () => freePort()));
        assert.equal(new Set(ports).size, 20);
        // No port in this range is assigned by the system or used by a program by default.
        assert.ok(
            ports.every((port) => port < 30_000 && port > 20_245),
            ports.join(),
        );
    });

    it("include the preferred port only while it is free", async () => {
        const server = createServer();
        const held = await freePort(); // the system gives this port to no other process before the test listens on it
        await new Promise<void>((resolve) => server.listen(held, "127.0.0.1", resolve));
        assert.notEqual(await freePort(held), held);
        await new Promise((resolve) => server.close(resolve));
        assert.equal(await freePort(held), held);
    });

    const ports = join(__dirname, "../../../sandbox/processes/ports.ts");

    it("are not given to another process while the program that uses them does not listen, for example while it restarts", async () => {
        // The search for a free port begins at a number that depends on the process id. The new process pretends to
        // have the id of the test's process, so that both searches begin at the same port.
        const code = `
            Object.defineProperty(process, "pid", { value: ${process.pid} });
            require(${JSON.stringify(ports)}).freePort().then(console.log);
            setInterval(() => {}, 1000);`;
        const start = () =>
            spawn(process.execPath, ["--require=tsx/cjs", "-e", code], {
                stdio: ["ignore", "pipe", "inherit"],
            });
        const others = [start(), start()];
        const [one, another] = await Promise.all(others.map(async (other) => Number(await firstLine(other))));
        for (const other of others) {
            other.kill("SIGKILL");
            await ended(other);
        }
        assert.notEqual(one, another);
    });

    it("name their holder by program and script, never by its other arguments", async () => {
        const folder = temporaryFolder();
        const script = join(folder.path, "holder.js");
        writeFileSync(
            script,
            `const s = require("net").createServer().listen(0, "127.0.0.1", () => console.log(s.address().port));`,
        );
        const child = spawn(process.execPath, [script, "--token", "s3cret"], { stdio: ["ignore", "pipe", "inherit"] });
        const port = Number(await firstLine(child));
        const holder = whoHolds(port);
        assert.equal(holder?.pid, child.pid);
        assert.match(describeHolder(port), /held by node/);
        assert.doesNotMatch(JSON.stringify(holder) + describeHolder(port), /s3cret/);
        child.kill("SIGKILL");
        await ended(child);
        assert.equal(whoHolds(port), undefined);
        folder.remove();
    });
});
