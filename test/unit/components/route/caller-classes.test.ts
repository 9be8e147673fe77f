// Proves that the callers of a class together get at most the class's share of Alpa, with the rendered plugins in the
// sandbox's gateway.
import { strict as assert } from "node:assert";
import { once, EventEmitter } from "node:events";
import { classPlugins, type CallerClass } from "../../../../components/route/caller-classes";
import { alpaChain } from "../../../../components/route/plugin-chain";
import { ClassedAlpa } from "./classed-alpa";
import { GUARD } from "./guard-settings";

const batch = (...members: string[]): CallerClass => ({ name: "batch", members, completions: 2, logprobs: 1 });
const JOBS = ["job-1", "job-2", "job-3"];

describe("the rendered share", () => {
    it("is nothing without classes", () => {
        assert.deepEqual(classPlugins("/completions", "llm", {}), []);
        assert.deepEqual(alpaChain("/completions", "llm", GUARD, {}), alpaChain("/completions", "llm", GUARD));
    });

    for (const [path, conn] of [
        ["/completions", 2],
        ["/logprobs", 1],
    ] as const)
        it(`is one count of all members' open requests to ${path}`, () => {
            const [{ name, config }] = classPlugins(path, "llm", { classes: [batch(...JOBS)] });
            assert.equal(name, "workflow");
            const [{ case: when, actions }] = config.rules as any[];
            assert.deepEqual(when, [["consumer_name", "in", ["llm_job-1", "llm_job-2", "llm_job-3"]]]);
            assert.equal(actions.length, 1);
            const [action, settings] = actions[0];
            assert.equal(action, "limit-conn");
            assert.deepEqual(
                [settings.conn, settings.burst, settings.key, settings.rejected_code, settings.policy],
                [conn, 0, "route_id", 429, undefined],
            );
        });

    it("uses the stack's counter server for all pods, if there is one", () => {
        const counters = { host: "c", whenDown: "allow", timeoutMilliseconds: 100, answerTimeoutSeconds: 600 } as const;
        const [{ config }] = classPlugins("/completions", "llm", { classes: [batch("job-1")], counters });
        const [[, settings]] = (config.rules as any[])[0].actions;
        assert.deepEqual(
            [settings.policy, settings.redis_host, settings.allow_degradation, settings.key_ttl],
            ["redis", "c", true, 660],
        );
    });
});

describe("a class at its share", function () {
    this.timeout(60_000);
    const happens = new EventEmitter();
    let alpa: ClassedAlpa;
    let arrived: string[];
    /** Lets Alpa answer the requests that have reached it. */
    let generate: () => void;
    const reached = async (n: number) => {
        while (arrived.length < n) await once(happens, "arrived");
    };
    const start = async (options: { limits?: object; classes?: CallerClass[] } = {}) => {
        arrived = [];
        const window = new Promise<void>((resolve) => (generate = resolve));
        alpa = await ClassedAlpa.start({
            callers: [...JOBS, "chat"],
            classes: [batch(...JOBS)],
            batchWindow: () => window,
            onPrompt: (prompt) => {
                arrived.push(prompt);
                happens.emit("arrived");
            },
            ...options,
        });
    };
    afterEach(() => {
        generate();
        return alpa.stop();
    });

    it("answers all its callers 429 in Alpa's format, with a Retry-After, whichever caller has the slots", async () => {
        await start();
        const open = [alpa.send("job-1", "a"), alpa.send("job-2", "b")];
        await reached(2);
        for (const caller of JOBS) {
            const answer = await alpa.send(caller, "c");
            assert.equal(answer.status, 429, answer.text);
            assert.equal(answer.headers["retry-after"], "1");
            assert.deepEqual(answer.json, {
                type: "error",
                message: "class batch is full: the open requests of all its callers are limited to 2",
                stacktrace: "",
            });
        }
        assert.deepEqual(arrived.sort(), ["a", "b"]);
        generate();
        assert.deepEqual(
            (await Promise.all(open)).map(({ status }) => status),
            [200, 200],
        );
    });

    it("leaves other callers unlimited", async () => {
        await start();
        const open = [alpa.send("job-1", "a"), alpa.send("job-1", "b"), ...[1, 2, 3].map(() => alpa.send("chat", "c"))];
        await reached(5);
        generate();
        assert.deepEqual([...new Set((await Promise.all(open)).map(({ status }) => status))], [200]);
    });

    it("gets its slots back with the answers", async () => {
        await start();
        const open = [alpa.send("job-1", "a"), alpa.send("job-2", "b")];
        await reached(2);
        generate();
        await Promise.all(open);
        assert.equal((await alpa.send("job-3", "c")).status, 200);
    });

    it("counts /completions and /logprobs separately", async () => {
        await start();
        const open = [alpa.send("job-1", "a"), alpa.send("job-2", "b")];
        await reached(2);
        const scored = alpa.send("job-3", "c", 0, "logprobs");
        await reached(3);
        assert.equal((await alpa.send("job-3", "d", 0, "logprobs")).status, 429);
        generate();
        assert.deepEqual([...new Set((await Promise.all([...open, scored])).map(({ status }) => status))], [200]);
    });

    it("applies to a caller that joins the class meanwhile, and not to a caller that leaves", async () => {
        await start({ classes: [batch("job-1", "job-3")] });
        const open = [alpa.send("job-1", "a"), alpa.send("job-1", "b")];
        await reached(2);
        const free = alpa.send("job-2", "c");
        await reached(3);
        await alpa.configure({ callers: [...JOBS, "chat"], classes: [batch("job-1", "job-2")] });
        assert.equal((await alpa.send("job-2", "d")).status, 429);
        const left = alpa.send("job-3", "e");
        await reached(4);
        generate();
        assert.deepEqual([...new Set((await Promise.all([...open, free, left])).map(({ status }) => status))], [200]);
    });

    it("does not reduce a caller's requests in a window", async () => {
        await start({ limits: { requests: 3, perSeconds: 600 } });
        const open = [alpa.send("job-1", "a"), alpa.send("job-1", "b")];
        await reached(2);
        for (let i = 0; i < 3; i++) assert.match((await alpa.send("job-1", "c")).text, /class batch/);
        generate();
        await Promise.all(open);
        assert.equal((await alpa.send("job-1", "d")).status, 200);
        assert.match((await alpa.send("job-1", "e")).text, /over the limit of this caller/);
    });
});
