/** Proves that free ports are found, and that the process on a used port is named without its arguments. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
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

    it("name their holder by program, never by its arguments", async () => {
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
