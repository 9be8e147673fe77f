// Proves what `check alpa` reads from hosts over SSH, what it prints, and its exit code. The host is a sandbox host with a
// state file that the test writes. watchdog-scripts.test.ts proves that a watchdog writes such a file.
import { strict as assert } from "node:assert";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { stringify } from "yaml";
import { STATE_FILE } from "../../../../components/hosts/watchdog/units";
import { startHost, type Host } from "../../../../sandbox/hosts";
import { bench, exits } from "../kit";

describe("ops check alpa", () => {
    let host: Host;
    before(async () => (host = await startHost({ name: "head" })));
    after(() => host.close());

    const now = () => Math.floor(Date.now() / 1000);
    /**
     * Writes the state file of a watchdog with this result. @param lookedAgo seconds since the watchdog's last check
     */
    const found = (state: string, why: string, lookedAgo = 20) => {
        const file = join(host.root, STATE_FILE);
        mkdirSync(dirname(file), { recursive: true });
        const fields = { state, why, since: now() - 90, looked: now() - lookedAgo, restarts: 1, restarted: now() - 90 };
        writeFileSync(
            file,
            Object.entries(fields)
                .map(([name, value]) => `${name}=${value}\n`)
                .join(""),
        );
    };
    const run = (more: object = {}, ...args: string[]) => {
        const { address, port, hostKey, privateKey } = host;
        const watchdog = (key: unknown) => ({
            hosts: [{ address, port, user: "ops", hostKey, privateKey: key }],
            ...more,
        });
        const alpa = (key: unknown) => ({ endpoints: [`${address}:20001`], watchdog: watchdog(key) });
        const it = bench({
            text: stringify({
                config: {
                    "alpa-auth:option": "intra-a",
                    "alpa-auth:alpa": alpa({ secure: "AAAB" }),
                    "alpa-auth:consumers": [],
                },
            }),
            says: ({ args: asked }) =>
                asked[0] === "config"
                    ? { stdout: JSON.stringify({ "alpa-auth:alpa": { objectValue: alpa(privateKey) } }) }
                    : undefined,
        });
        return it.ops("check", "alpa", ...args);
    };

    it("reports that Alpa makes progress, and since when", async () => {
        found("answers", "a completion was answered");
        const { out } = await exits(0, run({}, "--json"));
        const [one] = JSON.parse(out) as Record<string, unknown>[];
        assert.deepEqual(
            { ...one, sinceSeconds: 0, lookedSeconds: 0 },
            {
                host: `${host.address}-${host.port}`,
                state: "answers",
                why: "a completion was answered",
                ...{ sinceSeconds: 0, lookedSeconds: 0, restarts: 1 },
            },
        );
        assert.ok(Number(one.sinceSeconds) >= 90 && Number(one.lookedSeconds) >= 20);
    });

    for (const state of ["stuck", "loading", "absent", "rejected"])
        it(`exits with 1 where the watchdog reports: ${state}`, async () => {
            found(state, "the reason");
            const { out, note } = await exits(3, run());
            assert.match(out, /the reason/);
            assert.match(note, new RegExp(`intra: Alpa does not make progress on every host \\(.*: ${state}\\)`));
        });

    it("treats a check that is too old as missing", async () => {
        found("answers", "a completion was answered", 2 * 700 + 60 + 60);
        const { out } = await exits(3, run({ stuckSeconds: 700 }));
        assert.match(out, /the watchdog's last check is older than 1490 s \(it found: answers\)/);
    });

    it("reports a host without a watchdog as unknown", async () => {
        rmSync(join(host.root, STATE_FILE), { force: true });
        const { out } = await exits(3, run());
        assert.match(out, /unknown/);
        assert.match(out, /No such file/);
    });

    it("needs a stack that has a watchdog", async () => {
        const { note } = await exits(2, bench().ops("check", "alpa"));
        assert.match(note, /alpa\.watchdog: required, since no host checks Alpa/);
    });
});
