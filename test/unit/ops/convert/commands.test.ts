// Proves what the commands of `convert` print and write, with a fake Pulumi that keeps the state of the last run.
import { strict as assert } from "node:assert";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import type { Stage } from "../../../../components/opt/conversion-phases";
import type { Attempt } from "../../../../components/opt/conversion-record-provider";
import { whoAmI } from "../../../../ops/who-am-i";
import { bench, exits, type Bench, type Call } from "../kit";
import { intraBValues } from "../../kit/intra-b";
import { attempt } from "./kit";

interface Deployment {
    resources: object[];
    pending_operations?: object[];
}

const stateOf = (stage: Stage, by?: Attempt, pending = 0): Deployment => ({
    resources: [
        { type: "pulumi-nodejs:dynamic/alpa-auth:ConversionRecord", outputs: { step: { stage, attempt: by } } },
        ...(stage === "intra-a"
            ? []
            : [
                  {
                      type: "alpa-auth:index:Conversion",
                      outputs: { reached: { phase: stage, attempt: by?.number ?? 0 } },
                  },
              ]),
    ],
    pending_operations: Array<object>(pending).fill({}),
});

const VALUES = { ...intraBValues(), option: "intra-a" } as Record<string, any>;
const SEALED = { ...VALUES.ssh, privateKey: { secure: "v1:a:b" } };
const FILE = stringify({
    config: Object.fromEntries(
        Object.entries({
            ...VALUES,
            ssh: SEALED,
        }).map(([key, value]) => [`alpa-auth:${key}`, value]),
    ),
});

describe("npm run ops -- convert", () => {
    let server: Server;
    let url: string;
    let state: Deployment;
    let stack: Bench;
    let refuse: (call: Call) => ReturnType<NonNullable<Parameters<typeof bench>[0]>["says"] & object>;

    before(async () => {
        server = createServer((_, response) => response.end(JSON.stringify({ choices: [{ text: " a city" }] })));
        await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
        url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/alpa-verification`;
    });
    after(() => server.close());
    beforeEach(() => {
        refuse = () => undefined;
        state = stateOf("intra-a");
        const outputs = { url: "http://127.0.0.1:9", conversion: { phase: "moved", verification: { url, key: "k" } } };
        stack = bench({ text: FILE, outputs, says: (call) => refuse(call) ?? says(call) });
    });

    function says({ args }: Call) {
        if (args[1] === "export") return { stdout: JSON.stringify({ deployment: state }) };
        if (args[0] === "cancel") return {};
        if (args[0] === "config") return { stdout: JSON.stringify({ "alpa-auth:ssh": { objectValue: VALUES.ssh } }) };
        if (args[0] !== "up") return undefined;
        const { option, convert } = configOf(stack);
        state = stateOf(option === "intra-a" ? option : convert.phase!, convert.attempt);
        return undefined;
    }

    const configOf = ({ text }: Bench) => {
        const { config } = parse(text()) as { config: Record<string, any> };
        return {
            option: config["alpa-auth:option"] as string,
            convert: config["alpa-auth:convert"] as { phase?: Stage; attempt?: Attempt },
        };
    };
    const ups = () => stack.calls.filter(({ args }) => args[0] === "up");

    it("converts, and back: the stack file has the phase and the attempt, and everything else as before", async () => {
        await exits(0, stack.ops("convert", "run", "--yes"));
        const { option, convert } = configOf(stack);
        assert.deepEqual([option, convert.phase, convert.attempt!.by], ["intra-b", "open", whoAmI()]);
        assert.match(stack.text(), /at: "20\d\d-\S+Z"/, "Pulumi reads a time without quotes as a date");
        assert.equal(ups().length, 4);
        assert.deepEqual(
            ups().map(({ args }) => args.includes("--skip-preview")),
            [false, true, true, true],
        );
        const { out } = await exits(0, stack.ops("convert", "run", "--yes", "--to", "intra-a", "--json"));
        assert.deepEqual(JSON.parse(out), { stack: "intra", outcome: "returned", to: "intra-a" });
        const now = configOf(stack);
        assert.deepEqual([now.option, now.convert.phase, now.convert.attempt!.number], ["intra-a", undefined, 2]);
        const { attempt: _, ...rest } = now.convert;
        assert.deepEqual(rest, (parse(FILE) as any).config["alpa-auth:convert"]);
    });

    it("changes nothing without --yes, and nothing if there is nothing to do", async () => {
        const { out } = await exits(0, stack.ops("convert", "run"));
        assert.match(out, /prepared .* bare metal[^]*closed .* 503[^]*Dry run/);
        assert.match((await exits(0, stack.ops("convert", "abort", "--yes"))).out, /no conversion is under way/);
        state = stateOf("open", attempt(1));
        assert.match((await exits(0, stack.ops("convert", "run", "--yes"))).out, /no conversion is under way \(open\)/);
        assert.deepEqual([ups(), stack.text()], [[], FILE]);
    });

    it("shows who converts since when, what callers get, and the deadline", async () => {
        state = stateOf("moved", attempt(3), 2);
        const { out } = await exits(0, stack.ops("convert", "status"));
        assert.match(out, /conversion to intra-b is under way: ada@ops, pid 42, since 2026-11-30T12:00:00\.000Z/);
        assert.match(out, /Phase: moved\. Callers get 503\. Next: open\.[^]*returns by itself[^]*killed one: 2\./);
        const facts = JSON.parse((await exits(0, stack.ops("convert", "status", "--json"))).out);
        assert.deepEqual([facts.phase, facts.underWay, facts.next, facts.pending], ["moved", true, ["open"], 2]);
    });

    it("rejects a second operator with one error, and continues with --take-over", async () => {
        state = stateOf("moved", attempt(3), 1);
        const { note } = await exits(2, stack.ops("convert", "run", "--yes"));
        assert.match(note, /^1 problem in this command, nothing was changed:\n.*conversion to intra-b is in progress/);
        assert.deepEqual([ups(), stack.text()], [[], FILE]);
        await exits(0, stack.ops("convert", "run", "--yes", "--take-over"));
        assert.deepEqual(stack.calls.filter(({ args }) => args[0] === "cancel").length, 1);
        assert.equal(configOf(stack).convert.attempt!.number, 4);
    });

    it("shows a lock with user, host and time, and restores the stack file", async () => {
        const lock =
            "error: the stack is currently locked by 1 lock(s).\n  f: created by bob@lab (pid 7) at 2026-11-30T12";
        refuse = ({ args }) => (args[0] === "up" ? { code: 255, stderr: lock } : undefined);
        const { note } = await exits(1, stack.ops("convert", "run", "--yes"));
        assert.match(note, /created by bob@lab \(pid 7\) at 2026-11-30T12\. Nothing was changed\. .* --take-over/);
        assert.deepEqual(configOf(stack), { option: "intra-a", convert: configOf(stack).convert });
    });

    it("lists every problem of a new conversion, and exits with 3", async () => {
        stack.write(FILE.replace("config:", "config:\n  alpa-auth:gateway: { closed: x }"));
        state = stateOf("intra-a", undefined, 2);
        const { note } = await exits(3, stack.ops("convert", "plan"));
        assert.match(note, /gateway\.closed: must not be set[^]* 2 pending operations/);
    });

    it("saves an edit of the stack file by hand, and goes on without it", async () => {
        let isEdited = false;
        refuse = ({ args }) => {
            if (args[1] !== "export" || ups().length < 2 || isEdited) return undefined;
            isEdited = true;
            writeFileSync(stack.file, "edited: true\n");
            return undefined;
        };
        const { note } = await exits(0, stack.ops("convert", "run", "--yes"));
        assert.match(note, /Pulumi\.intra\.yaml: changed during the conversion/);
        const local = join(stack.folder, ".alpa-auth", "local");
        const [saved] = readdirSync(local).filter((name) => name.endsWith(".edited"));
        assert.equal(readFileSync(join(local, saved), "utf8"), "edited: true\n");
        assert.equal(configOf(stack).convert.phase, "open");
    });

    it("returns first when a conversion that returns is asked to go forward", async () => {
        state = stateOf("closed", { ...attempt(3, "intra-a", whoAmI()), pid: 2 ** 22 + 1 });
        const { note } = await exits(2, stack.ops("convert", "run", "--yes", "--to", "intra-b"));
        assert.match(note, /--to: must be intra-a while the conversion returns/);
    });
});
