// Proves that the first command of a newcomer starts a sandbox in which a caller gets a completion with a key.
import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { describeHolder, running } from "../../../sandbox/processes";
import type { PageData } from "../../../sandbox/status-page/server";
import { ROOT } from "../../../sandbox/world/state";
import { CLI, run, SandboxCli, tools } from "../kit/cli";

/**
 * Listens on a port of 127.0.0.1, unless another program already does.
 * @returns the text with which the sandbox names the program that listens
 */
async function hold(port: number): Promise<{ port: number; server: Server; holder: string }> {
    const server = createServer();
    const own = await new Promise<boolean>((resolve, reject) => {
        server.once("error", (error: NodeJS.ErrnoException) =>
            error.code === "EADDRINUSE" ? resolve(false) : reject(error),
        );
        server.listen(port, "127.0.0.1", () => resolve(true));
    });
    const holder = describeHolder(port);
    if (own) assert.match(holder, new RegExp(`\\(pid ${process.pid}\\)$`));
    return { port, server, holder };
}

describe("npm run sandbox -- up --detach, while other programs hold its default ports,", () => {
    let sandbox: SandboxCli;
    let said: string;
    /** The sandbox's message for each taken port, for example "port 30800 is held by …". */
    let holders: string[];

    before(async function () {
        await tools.call(this);
        sandbox = new SandboxCli();
        const held = await Promise.all([30800, 20001].map(hold));
        try {
            said = await sandbox.call("up", "--detach");
            // Leaves out a port that another sandbox released meanwhile: it may have been free when this sandbox chose
            // its ports.
            holders = held.filter(({ port, holder }) => describeHolder(port) === holder).map(({ holder }) => holder);
        } finally {
            held.forEach(({ server }) => server.close());
        }
    });
    after(() => sandbox.down());

    it("ends in an authenticated completion, and every command it prints works as pasted", async () => {
        assert.match(said, /expected 200/);
        assert.ok(said.includes(`stack file: ${sandbox.dir}/stack-files/Pulumi.intra.yaml, a copy of`), said);
        assert.doesNotMatch(said, /warning/);
        const status = await sandbox.pasted();
        assert.deepEqual(Object.keys(status).sort(), ["kubeconfig", "page", "parts", "stack", "try", "url"]);
        const shown = (await (await fetch(new URL("data.json", status.page))).json()) as PageData;
        assert.ok(shown.rows.some((row) => row.caller === "alpa-auth_mbzuai-nlp" && row.status === 200));
        assert.match(status.url, /^http:\/\/127\.0\.0\.1:\d+\/alpa$/);
    });

    it("names the holders, and uses other ports", () => {
        for (const holder of holders) {
            assert.match(holder, /^port \d+ is held by /);
            assert.ok(said.includes(holder), `${holder}:\n${said}`);
        }
    });

    it("lets the operator type pulumi commands after env, and leaves the shipped stack file unchanged", async () => {
        const shipped = readFileSync(join(ROOT, "Pulumi.intra.yaml"), "utf8");
        const script = `eval "$('${process.execPath}' ${CLI.map((a) => `'${a}'`).join(" ")} env)"; pulumi preview -s intra`;
        const { stdout, stderr } = await run("bash", ["-c", script], { env: sandbox.env, cwd: ROOT });
        assert.match(stdout, /\d+ unchanged/);
        assert.ok(stderr.includes(`Pulumi uses the stack files in ${sandbox.dir}/stack-files.`), stderr);
        assert.equal(readFileSync(join(ROOT, "Pulumi.intra.yaml"), "utf8"), shipped);
    });

    it("listens on loopback only", async () => {
        const own = new Set(running(sandbox.dir).map((p) => p.pid));
        const { stdout } = await run("ss", ["-Hltnp"]);
        const lines = stdout
            .split("\n")
            .filter((line) => [...line.matchAll(/pid=(\d+)/g)].some((m) => own.has(Number(m[1]))));
        assert.ok(lines.length > 8, "the list shows the sandbox's sockets");
        for (const line of lines) assert.match(line, /^LISTEN\s+\d+\s+\d+\s+(127\.\d+\.\d+\.\d+|\[::1\]):/);
    });
});
