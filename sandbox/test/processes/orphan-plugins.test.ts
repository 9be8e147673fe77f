/** Proves which processes count as orphaned Pulumi plugins, and, with real processes, that they are ended. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { hasProc } from "../../processes/identity";
import { orphansIn } from "../../processes/orphan-plugins";
import { type ProcRow, SANDBOX_MARK } from "../../processes/proc-table";
import { endOrphanPlugins, findOrphanPlugins, waitFor } from "../../processes";
import { alive, ended, firstLine, gone, SLEEPER, temporaryFolder } from "./kit";

interface Sample {
    parent: number;
    args: string[];
    id?: string;
    program?: string;
}

function table(samples: Record<number, Sample>): Map<number, ProcRow> {
    return new Map(
        Object.entries(samples).map(([pid, { parent, args, id, program }]) => [
            Number(pid),
            {
                pid: Number(pid),
                started: "t",
                parent,
                args,
                program: program ?? args[0].replace(/.*\//, ""),
                marks: id ? { [SANDBOX_MARK]: id } : {},
            },
        ]),
    );
}

const init = { parent: 0, args: ["/sbin/init"] };
const sdk = "/repo/node_modules/@pulumi/pulumi/cmd";

describe("Orphaned Pulumi plugins", () => {
    const cases: [why: string, samples: Record<number, Sample>, found: number[]][] = [
        [
            "include a language host's program together with the host",
            {
                1: init,
                8: { parent: 1, args: ["node", "/p/pulumi-language-nodejs"], id: "a" },
                9: { parent: 8, args: ["node", "--require", "tsx", `${sdk}/run`, "--monitor"], id: "a" },
            },
            [8, 9],
        ],
        [
            "do not include a plugin of another sandbox",
            { 1: init, 9: { parent: 1, args: ["pulumi-resource-random"], id: "b" } },
            [],
        ],
        [
            "do not include a plugin that a user runs from a shell of the sandbox",
            {
                1: init,
                8: { parent: 1, args: ["-bash"], id: "a" },
                9: { parent: 8, args: ["pulumi-resource-random"], id: "a" },
            },
            [],
        ],
    ];
    for (const [why, samples, found] of cases) {
        it(why, () => {
            assert.deepEqual(
                orphansIn(table(samples), "a").map((orphan) => orphan.pid),
                found,
            );
        });
    }

    // Only Linux shows the environment of a process; on other systems no plugin may be found or ended.
    if (hasProc) {
        it("are ended after a kill -9 of pulumi, and not while it runs", async () => {
            const folder = temporaryFolder();
            const id = `test-${process.pid}`;
            const plugin = join(folder.path, "pulumi-resource-test.js");
            writeFileSync(plugin, SLEEPER);
            const script = `
                const env = { ...process.env, ${SANDBOX_MARK}: ${JSON.stringify(id)} };
                const plugin = require("child_process").spawn(process.execPath, [${JSON.stringify(plugin)}],
                    { env, stdio: "ignore", detached: true });
                console.log(plugin.pid);
                ${SLEEPER}`;
            const pulumi = spawn(process.execPath, ["-e", script], {
                argv0: "pulumi",
                stdio: ["ignore", "pipe", "inherit"],
            });
            const pluginPid = Number(await firstLine(pulumi));
            try {
                const identity = alive(pluginPid);
                assert.deepEqual(findOrphanPlugins(id), [], "its pulumi still runs");
                pulumi.kill("SIGKILL");
                await ended(pulumi);
                const found = await waitFor(
                    "the orphan",
                    () => (findOrphanPlugins(id).length === 1 ? findOrphanPlugins(id) : undefined),
                    { seconds: 25 },
                );
                assert.deepEqual(
                    found.map((orphan) => [orphan.pid, orphan.name]),
                    [[pluginPid, "pulumi-resource-test"]],
                );
                assert.equal(await endOrphanPlugins(id), 1);
                await gone(identity);
            } finally {
                pulumi.kill("SIGKILL");
                await endOrphanPlugins(id);
                folder.remove();
            }
        });
    }
});
