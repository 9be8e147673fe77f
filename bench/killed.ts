/** `killed`: pulumi is killed in the middle of a first `up` with the fast settings, and run again. */
import { strict as assert } from "node:assert";
import { CoreV1Api, KubernetesObjectApi } from "@kubernetes/client-node";
import { endOrphanPlugins, waitFor } from "../sandbox/processes";
import { sandboxId } from "../sandbox/world/state";
import { type Callers, callers, rotated, ROTATED } from "./callers";
import { answer } from "./consumers";
import { type Bench, removeNamespace } from "./sandbox";
import { AlpaAuth, FAST } from "./stacks";

type Say = (line: string) => void;

/**
 * Kills pulumi while it creates the callers, and again while it adds a key to a caller. Proves that after the next run the state,
 * the cluster and the gateway agree.
 */
export async function killedMidway(bench: Bench, count: number, say: Say): Promise<void> {
    const program = new AlpaAuth(bench, "killed", FAST);
    await program.create();
    program.configure({});
    await program.up();
    const all = callers(count);
    program.configure(all);

    const midway = async () => (await live(bench, program.stack)).consumers.length >= count / 3;
    await killWhen(program, midway);
    const left = await live(bench, program.stack);
    say(
        `pulumi was killed. The cluster has ${left.consumers.length} of ${count} Consumers and ${left.keys.size} Secrets. ` +
            `The state has ${program.state(all).perCaller * count} resources of callers.`,
    );
    assert.ok(left.consumers.length < count, "pulumi had created all Consumers before it was killed");
    await again(program, all, say);

    const more = rotated(all, "b");
    program.configure(more);
    await killWhen(program, async () => (await live(bench, program.stack)).keys.has(`${ROTATED}/b`));
    say("pulumi was killed after it had created the second key of a caller");
    await again(program, more, say);
    await removeNamespace(bench, program.stack);
}

/** Starts `up` and kills pulumi, as a crash would, once `when` returns true. Its plugins get no signal. */
async function killWhen(program: AlpaAuth, when: () => Promise<boolean>): Promise<void> {
    let pid = 0;
    program.onStart = (started) => (pid = started);
    const up = program.up().catch(() => undefined);
    await waitFor("the moment to kill pulumi", when, { seconds: 120 });
    program.onStart = undefined;
    process.kill(pid, "SIGKILL");
    await up;
    await endOrphanPlugins(sandboxId(program.bench.dir));
    // The killed run left the stack locked.
    await program.run(["cancel", "--yes"]);
}

/** Runs `up` again. Asserts that state, cluster and gateway agree. */
async function again(program: AlpaAuth, all: Callers, say: Say): Promise<void> {
    const { bench, stack } = program;
    const start = Date.now();
    await program.up();
    say(`up again: ${((Date.now() - start) / 1000).toFixed(1)} s`);
    const { credentials } = await program.outputs<{ credentials: Record<string, string> }>();
    const { consumers, keys } = await live(bench, stack);
    const wanted = Object.entries(all).flatMap(([caller, ids]) => ids.map((id) => `${caller}/${id}`));
    assert.deepEqual(Object.keys(credentials).sort(), wanted.sort(), "outputs");
    assert.deepEqual(Object.fromEntries(keys), credentials, "Secrets and outputs");
    assert.deepEqual(consumers.sort(), Object.keys(all).sort(), "Consumers");
    const good = await Promise.all(wanted.map((who) => answer(bench, credentials[who])));
    assert.deepEqual(
        wanted.filter((_, i) => good[i] !== 200),
        [],
        "these keys do not work",
    );
    assert.deepEqual(await program.preview(), [], "a preview that follows");
    say(`${wanted.length} keys work, Secrets and outputs agree, no extra object exists, and the next preview is empty`);
}

/** The callers' objects in the cluster: names of Consumers, and the key of each Secret by `<caller>/<credential>`. */
async function live({ world }: Bench, namespace: string) {
    const { items } = await world.kubeConfig
        .makeApiClient(KubernetesObjectApi)
        .list("apisix.apache.org/v1alpha1", "Consumer", namespace);
    const secrets = await world.kubeConfig.makeApiClient(CoreV1Api).listNamespacedSecret({ namespace });
    const text = (base64: string) => Buffer.from(base64, "base64").toString();
    return {
        consumers: items.map(({ metadata }) => metadata!.name!),
        keys: new Map(secrets.items.map((s) => [s.metadata!.name!.replace(".", "/"), text(s.data!.key)])),
    };
}
