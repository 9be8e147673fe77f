// Emulator of the APISIX ingress controller 2.0.1: it watches a real API server, translates resources (translate.ts, which
// lists the unsupported features), pushes the result to the Admin API (admin.ts) and writes conditions. Its timing is that of
// the real controller (internal/manager, internal/provider/apisix/provider.go):
// - After it becomes leader, it waits until it has reconciled every registered object, but at most 5 minutes. During this
// wait it writes conditions and pushes nothing. ApisixUpstreams of its class are registered too, but never count as
// reconciled. A single ApisixUpstream, even a deleted one, therefore makes it wait for the full 5 minutes.
// - After the wait it pushes each change at once (the emulator within 0.1 s), and compares all objects once a minute
// (provider.syncPeriod of the chart).
// - It repeats a failed push after 1, 2, 4, … up to 1000 seconds, and also with each change and every minute.
// - It writes Accepted=True after the translation and before the push. A failed push changes the condition to SyncFailed, and
// the next successful push changes it back. If the objects of an APISIX cannot be read, all resources that belong to this
// APISIX get SyncFailed.

import { setMaxListeners } from "node:events";

import type { KubeConfig } from "@kubernetes/client-node";

import { inParallel, push, type ResolveAdmin } from "./admin";
import { pause } from "../processes";
import { ApiServer, reflect } from "./api-server";
import { ingressClass, type Target } from "./gateway";
import { keyOf, KINDS, type Kind, type World } from "./kinds";
import type { ApisixObject } from "./objects";
import { gatewayStatus, StatusWriter } from "./status";
import { proxyObjects, translate, type Outcome } from "./translate";

interface IngressControllerOptions {
    kubeConfig: KubeConfig;
    /** @default apisix.apache.org/apisix-ingress-controller, as in the chart */
    controllerName?: string;
    /** URL of the Admin API behind a Service; undefined if there is none. */
    resolveAdmin: ResolveAdmin;
    /**
     * Length of one second of the controller's timers, in real seconds. Tests set less than 1 to run faster.
     * @default 1
     */
    secondLasts?: number;
    log: (line: string) => void;
}

export interface IngressController {
    close(): Promise<void>;
}

// Changes within this time, for example those of one `pulumi up`, are pushed together.
const DEBOUNCE_MS = 100;
const READY_SECONDS = 300;
const SYNC_SECONDS = 60;
const RETRY_SECONDS = { first: 1, longest: 1000 };

/** Kinds that get the condition SyncFailed after a failed push. A Consumer (v1alpha1) stays Available. */
const TELLS_SYNC_FAILED: Kind[] = ["ApisixRoute", "ApisixTls"];

export async function startIngressController(options: IngressControllerOptions): Promise<IngressController> {
    return new Controller(options);
}

class Controller implements IngressController {
    private readonly stop = new AbortController();
    private readonly api: ApiServer;
    private readonly status: StatusWriter;
    private readonly name: string;
    private readonly running: Promise<void>;
    private readonly reflectors: [Kind, ReturnType<typeof reflect>][];
    /**
     * `good`: the last successful translation of each resource.
     * `seen`: the translation of each resource when its conditions were last written, as JSON.
     */
    private readonly good = new Map<string, { target: string; objects: ApisixObject[] }>();
    private readonly seen = new Map<string, string>();
    private failing = new Set<string>();
    private said = new Set<string>();
    private wake = () => {};
    private dirty = true;
    private readonly began = Date.now();
    /** The objects and translations of the last push, as JSON. A round pushes if its own JSON differs from this. */
    private pushed = "";

    constructor(private readonly options: IngressControllerOptions) {
        const log = (line: string) => options.log(line);
        setMaxListeners(0, this.stop.signal); // each watch adds a listener, so Node.js would warn about a leak
        this.name = options.controllerName ?? "apisix.apache.org/apisix-ingress-controller";
        this.api = new ApiServer(options.kubeConfig);
        this.status = new StatusWriter(this.api, log);
        const changed = () => {
            this.dirty = true;
            this.wake();
        };
        this.reflectors = Object.entries(KINDS).map(([kind, [group, version, plural]]) => {
            const path = group === "" ? `/api/${version}/${plural}` : `/apis/${group}/${version}/${plural}`;
            return [kind as Kind, reflect(this.api, path, changed, log, this.stop.signal)];
        });
        this.running = this.run();
    }

    async close(): Promise<void> {
        this.stop.abort();
        this.wake();
        await this.running;
        this.api.close();
    }

    private async run(): Promise<void> {
        const { signal } = this.stop;
        // The first round waits for all lists: a resource that is not listed yet would look like a deleted one.
        const ended = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
        await Promise.race([ended, Promise.all(this.reflectors.map(([, { listed }]) => listed))]);
        const readyAt = this.began + this.milliseconds(this.waitsForReady() ? READY_SECONDS : 0);
        const longest = this.milliseconds(RETRY_SECONDS.longest);
        let nextTick = Math.max(readyAt, Date.now()) + this.milliseconds(SYNC_SECONDS);
        let backoff = this.milliseconds(RETRY_SECONDS.first);
        let retryAt = Infinity;
        while (!signal.aborted) {
            this.dirty = false;
            const due = Date.now() >= Math.min(nextTick, retryAt);
            const pushed = await this.round(Date.now() >= readyAt, due).catch((error: Error) => {
                this.options.log(`error: ${error.stack}`);
                return false;
            });
            while (nextTick <= Date.now()) nextTick += this.milliseconds(SYNC_SECONDS);
            if (pushed === false) {
                retryAt = Date.now() + backoff;
                backoff = Math.min(backoff * 2, longest);
            } else if (pushed) {
                retryAt = Infinity;
                backoff = this.milliseconds(RETRY_SECONDS.first);
            }
            const next = Date.now() < readyAt ? readyAt : Math.min(nextTick, retryAt);
            await this.sleep(Math.max(0, next - Date.now()));
            if (this.dirty) await pause(DEBOUNCE_MS, signal);
        }
    }

    private milliseconds(seconds: number): number {
        return seconds * 1000 * (this.options.secondLasts ?? 1);
    }

    private world(): World {
        return Object.fromEntries(this.reflectors.map(([kind, { items }]) => [kind, items()])) as unknown as World;
    }

    private waitsForReady(): boolean {
        const world = this.world();
        const registered = world.ApisixUpstream.filter(({ spec }) =>
            ingressClass(world, this.name, spec?.ingressClassName),
        );
        if (registered.length > 0)
            this.options.log(
                `nothing is pushed to APISIX for ${READY_SECONDS} s, because the controller waits for ApisixUpstreams, which never count as reconciled: ${registered.map(keyOf).join(", ")}`,
            );
        return registered.length > 0;
    }

    /** Waits until an object changes, the time has passed, or the controller is closed. */
    private async sleep(ms: number): Promise<void> {
        if (this.dirty) return;
        const woken = new AbortController();
        this.wake = () => woken.abort();
        await pause(ms, AbortSignal.any([this.stop.signal, woken.signal]));
    }

    /**
     * Translates all resources. Pushes the objects if they have changed or if `due` is set. Returns true if the push
     * succeeded, false if it failed, and undefined if there was no push.
     */
    private async round(isReady: boolean, due: boolean): Promise<boolean | undefined> {
        const world = this.world();
        const { outcomes, targets, log } = translate(world, this.name);
        this.say(log);
        await this.accept(outcomes);
        if (!isReady) return undefined;
        const wanted = targets.map((target) => ({ target, objects: this.wanted(outcomes, target) }));
        const state = JSON.stringify([wanted, outcomes.map(stateOf)]);
        if (state === this.pushed && !due) return undefined;
        this.pushed = state;
        const failures = (await Promise.all(wanted.map((one) => this.push(outcomes, one)))).flat();
        await this.report(outcomes, failures);
        return failures.length === 0;
    }

    /** Logs the lines that the previous round has not logged. */
    private say(lines: string[]): void {
        for (const line of new Set(lines)) if (!this.said.has(line)) this.options.log(line);
        this.said = new Set(lines);
    }

    /** Writes the conditions of new and changed resources, after their translation and before the push. */
    private async accept(outcomes: Outcome[]): Promise<void> {
        const present = new Set<string>();
        const writes: (() => Promise<void>)[] = [];
        for (const outcome of outcomes) {
            const { kind, resource, conditions, target, objects } = outcome;
            const owner = ownerOf(outcome);
            present.add(owner);
            if (objects && target) this.good.set(owner, { target: target.key, objects });
            else if (!target && conditions[0].status === "True") this.good.delete(owner);
            const state = stateOf(outcome);
            if (this.seen.get(owner) === state) continue;
            this.seen.set(owner, state);
            const more = kind === "Gateway" ? gatewayStatus(resource) : {};
            writes.push(() => this.status.write(kind, resource, conditions, more));
        }
        await inParallel(writes, (write) => write());
        for (const owner of [...this.good.keys(), ...this.seen.keys()]) {
            if (present.has(owner)) continue;
            this.good.delete(owner);
            this.seen.delete(owner);
        }
    }

    /** All objects that the APISIX of a target should have, by path, with the resource that defines each of them. */
    private wanted(outcomes: Outcome[], target: Target): Map<string, { object: ApisixObject; owner?: string }> {
        const objects = new Map<string, { object: ApisixObject; owner?: string }>();
        for (const object of proxyObjects(target)) objects.set(object.path, { object });
        for (const owner of outcomes.map(ownerOf)) {
            const good = this.good.get(owner);
            if (good?.target === target.key)
                for (const object of good.objects) objects.set(object.path, { object, owner });
        }
        return objects;
    }

    /** @returns a message for each failure, with the resource that it concerns; without one for a failed deletion */
    private async push(
        outcomes: Outcome[],
        { target, objects }: { target: Target; objects: ReturnType<Controller["wanted"]> },
    ): Promise<[Outcome | undefined, string][]> {
        const { resolveAdmin, log } = this.options;
        const all = [...objects.values()];
        const found = await push(
            target,
            all.map(({ object }) => object),
            resolveAdmin,
            log,
        );
        return found.flatMap(({ object, unreachable, message }): [Outcome | undefined, string][] => {
            if (unreachable) log(`error: GatewayProxy ${target.key}: ${message}`);
            const owners = unreachable ? all.map(({ owner }) => owner) : [object && objects.get(object.path)?.owner];
            const concerned = outcomes.filter((outcome) => owners.includes(ownerOf(outcome)));
            return concerned.length > 0 ? concerned.map((outcome) => [outcome, message]) : [[undefined, message]];
        });
    }

    /** Writes the conditions of resources whose push has failed, or has succeeded after a failure. */
    private async report(outcomes: Outcome[], failures: [Outcome | undefined, string][]): Promise<void> {
        const failing = new Set<string>();
        for (const outcome of outcomes) {
            // A resource that the translation rejected has its condition already.
            if (outcome.conditions[0].status === "False") continue;
            const { kind, resource, conditions } = outcome;
            const messages = failures.filter(([of]) => of === outcome).map(([, message]) => message);
            if (messages.length > 0 && TELLS_SYNC_FAILED.includes(kind)) {
                failing.add(ownerOf(outcome));
                const message = messages.join("; ");
                const condition = { type: "Accepted", status: "False", reason: "SyncFailed", message } as const;
                await this.status.write(kind, resource, [condition]);
            } else if (this.failing.has(ownerOf(outcome))) await this.status.write(kind, resource, conditions);
        }
        this.failing = failing;
    }
}

function ownerOf({ kind, resource }: Outcome): string {
    return `${kind} ${keyOf(resource)}`;
}

/** The translation of a resource as JSON, so that it can be compared with an earlier translation. */
function stateOf({ resource, conditions, target, objects }: Outcome): string {
    const { uid, generation } = resource.metadata;
    return JSON.stringify([uid, generation, conditions, target?.key, objects]);
}
