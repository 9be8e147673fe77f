/**
 * Steady traffic of two callers on loopback while one of them is rotated, held to another limit and revoked:
 * `npm run load`. Fails when one of them sees anything but good answers to the keys it holds at the time.
 * Bounded: ten requests open for each, until four changes are through; about two minutes.
 */
import { strict as assert } from "node:assert";
import { call, succeeded, TestStack, useWorld } from "../engine/kit";

/** Requests each caller keeps open. Alpa's stand-in takes about a second for each batch of four. */
const OPEN = 10;
const WINDOW = { requests: 100_000, perSeconds: 3600 };

const key = (id: string) => ({ id, method: "key" });
const bob = { name: "bob", credentials: [key("k")] };
const alice = (ids: string[], limits?: object) => ({ name: "alice", limits, credentials: ids.map(key) });

/** One caller that always has some requests open, until it is stopped. */
class Caller {
    readonly answers = new Map<string, number>();
    private stopped = false;
    private readonly loops: Promise<void>[];

    constructor(
        readonly name: string,
        url: string,
        public key: string,
    ) {
        this.loops = Array.from({ length: OPEN }, async () => {
            while (!this.stopped) {
                const { status } = await call(url, { key: this.key }).catch((e: Error) => ({ status: e.message }));
                this.answers.set(String(status), (this.answers.get(String(status)) ?? 0) + 1);
            }
        });
    }

    async stop(): Promise<void> {
        this.stopped = true;
        await Promise.all(this.loops);
    }
}

describe("steady traffic of two callers", function () {
    this.timeout(10 * 60_000);
    useWorld();

    it("fails no request while one of them is rotated, held to other limits and revoked", async () => {
        const stack = await TestStack.create("load", { consumers: [alice(["a"]), bob] });
        succeeded(await stack.up());
        const { url, credentials } = await stack.outputs();
        const first = new Caller("alice", url, credentials["alice/a"]);
        const other = new Caller("bob", url, credentials["bob/k"]);
        const rows: object[] = [];
        const change = async (what: string, consumers: object[]) => {
            const start = Date.now();
            stack.configure({ consumers });
            succeeded(await stack.up());
            rows.push({ change: what, seconds: Number(((Date.now() - start) / 1000).toFixed(1)) });
        };
        await change("alice gets a second key", [alice(["a", "b"]), bob]);
        first.key = (await stack.outputs()).credentials["alice/b"];
        await change("alice gets a limit", [alice(["a", "b"], WINDOW), bob]);
        const wider = { ...WINDOW, requests: 2 * WINDOW.requests };
        await change("alice gets another limit", [alice(["a", "b"], wider), bob]);
        await change("alice's first key is revoked", [alice(["b"], wider), bob]);
        const revoked = (await call(url, { key: credentials["alice/a"] })).status;
        await first.stop();
        await other.stop();
        console.table(rows);
        console.table([first, other].map((c) => ({ caller: c.name, ...Object.fromEntries(c.answers) })));
        console.log(`the revoked key is answered ${revoked}`);
        assert.equal(revoked, 401);
        for (const c of [first, other]) assert.deepEqual([...c.answers.keys()], ["200"], c.name);
        succeeded(await stack.destroy());
    });
});
