// Stand-in for the APISIX ingress controller 2.0.1: watches a real API server, translates (translate.ts, which lists what
// is imitated and what is not), pushes to the Admin API and writes conditions.
// Timing as in the real one: a change is pushed at once (here within a tenth of a second), everything is compared again
// every minute (provider.syncPeriod of the chart), a failed push is tried again with growing pauses. Accepted=True is
// written after the translation and before the push; a failed push turns it to SyncFailed, the next good one back.

import { setMaxListeners } from "node:events";

import type { KubeConfig } from "@kubernetes/client-node";

import { inParallel } from "./admin";
import { pause } from "../processes";
import { ApiServer, reflect } from "./api-server";
import { keyOf, KINDS, type Kind, type World } from "./kinds";
import type { ApisixObject } from "./objects";
import { Pusher, type ResolveAdmin } from "./pusher";
import { gatewayStatus, StatusWriter } from "./status";
import { proxyObjects, translate, type Outcome, type Translation } from "./translate";
import type { Target } from "./gateway";

export interface IngressControllerOptions {
    kubeConfig: KubeConfig;
    /** @default apisix.apache.org/apisix-ingress-controller, as in the chart */
    controllerName?: string;
    /** URL of the Admin API behind an in-cluster Service, or undefined while there is none. */
    resolveAdmin: ResolveAdmin;
    log: (line: string) => void;
}

export interface IngressController {
    close(): Promise<void>;
}

// Events that come in a burst, as from one `pulumi up`, are pushed together.
const DEBOUNCE_MS = 100;
const FULL_SYNC_MS = 60_000;
const RETRY_MS = { first: 1000, longest: 10_000 };

/** Kinds whose condition tells of a failed push. A Consumer (v1alpha1) is not among them: it stays Available. */
const TELLS_SYNC_FAILED: Kind[] = ["ApisixRoute", "ApisixConsumer", "ApisixGlobalRule", "ApisixTls"];

export async function startIngressController(options: IngressControllerOptions): Promise<IngressController> {
    const controller = new Controller(options);
    return { close: () => controller.close() };
}

class Controller {
    private readonly stop = new AbortController();
    private readonly api: ApiServer;
    private readonly status: StatusWriter;
    private readonly name: string;
    private readonly running: Promise<void>;
    private readonly reflectors: [Kind, ReturnType<typeof reflect>][];
    private readonly pusher: Pusher;
    /** By owner: the last translation that worked, and for which version of everything its condition was written. */
    private readonly good = new Map<string, { target: string; objects: ApisixObject[] }>();
    private readonly seen = new Map<string, string>();
    private failing = new Set<string>();
    private said = new Set<string>();
    private wake = () => {};
    private dirty = true;

    constructor(private readonly options: IngressControllerOptions) {
        const log = (line: string) => options.log(line);
        setMaxListeners(0, this.stop.signal); // one per watch, on purpose
        this.name = options.controllerName ?? "apisix.apache.org/apisix-ingress-controller";
        this.api = new ApiServer(options.kubeConfig);
        this.status = new StatusWriter(this.api, log);
        this.pusher = new Pusher(options.resolveAdmin, log);
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
        // Before everything is listed, an absent resource would look like a deleted one.
        const ended = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
        await Promise.race([ended, Promise.all(this.reflectors.map(([, { listed }]) => listed))]);
        let nextFull = 0;
        let retry = 0;
        while (!signal.aborted) {
            this.dirty = false;
            const full = Date.now() >= nextFull || retry > 0;
            if (full) nextFull = Date.now() + FULL_SYNC_MS;
            const ok = await this.sync(full).catch((error: Error) => {
                this.options.log(`error: ${error.stack}`);
                return false;
            });
            retry = ok ? 0 : Math.min(retry * 2 || RETRY_MS.first, RETRY_MS.longest);
            await this.sleep(retry || Math.max(0, nextFull - Date.now()));
            if (this.dirty) await pause(DEBOUNCE_MS, signal);
        }
    }

    /** Until something has changed, the time is over, or the end. */
    private async sleep(ms: number): Promise<void> {
        if (this.dirty) return;
        const woken = new AbortController();
        this.wake = () => woken.abort();
        await pause(ms, AbortSignal.any([this.stop.signal, woken.signal]));
    }

    /** One round over everything. False when it has to be tried again soon. */
    private async sync(full: boolean): Promise<boolean> {
        const world = Object.fromEntries(
            this.reflectors.map(([kind, { items }]) => [kind, items()]),
        ) as unknown as World;
        const translation = translate(world, this.name);
        this.say(translation.log);
        await this.accept(translation.outcomes);
        const failures: [Outcome, string][] = [];
        let ok = true;
        for (const target of translation.targets)
            ok = (await this.push(world, translation, target, full, failures)) && ok;
        await this.report(translation.outcomes, failures);
        return ok;
    }

    /** Each line once, until it has not come up for a round. */
    private say(lines: string[]): void {
        for (const line of new Set(lines)) if (!this.said.has(line)) this.options.log(line);
        this.said = new Set(lines);
    }

    /** Conditions after the translation, for whatever is new or has changed. */
    private async accept(outcomes: Outcome[]): Promise<void> {
        const present = new Set<string>();
        const writes: (() => Promise<void>)[] = [];
        for (const outcome of outcomes) {
            const { kind, resource, conditions, target, objects, addresses } = outcome;
            const owner = ownerOf(outcome);
            present.add(owner);
            if (objects && target) this.good.set(owner, { target: target.key, objects });
            else if (!target && conditions[0].status === "True") this.good.delete(owner);
            const { uid, generation } = resource.metadata;
            const state = JSON.stringify([uid, generation, conditions, target?.key, objects]);
            if (this.seen.get(owner) === state) continue;
            this.seen.set(owner, state);
            const more = kind === "Gateway" ? gatewayStatus(resource, addresses ?? []) : {};
            writes.push(() => this.status.write(kind, resource, conditions, more));
        }
        await inParallel(writes, (write) => write());
        for (const owner of [...this.good.keys(), ...this.seen.keys()]) {
            if (present.has(owner)) continue;
            this.good.delete(owner);
            this.seen.delete(owner);
        }
    }

    private async push(
        world: World,
        { outcomes, blocked }: Translation,
        target: Target,
        full: boolean,
        failures: [Outcome, string][],
    ): Promise<boolean> {
        const desired = new Map<string, { object: ApisixObject; outcome?: Outcome }>();
        for (const object of proxyObjects(world, target)) desired.set(object.path, { object });
        const bound: Outcome[] = [];
        for (const outcome of outcomes) {
            const owner = ownerOf(outcome);
            const good = this.good.get(owner);
            if (good?.target !== target.key) continue;
            bound.push(outcome);
            for (const object of good.objects) {
                if (desired.has(object.path)) this.options.log(`${owner}: takes the place of another ${object.path}`);
                desired.set(object.path, { object, outcome });
            }
        }
        const objects = [...desired.values()].map(({ object }) => object);
        const whole = blocked.get(target.key);
        const found = whole ? [{ unreachable: true, message: whole }] : await this.pusher.push(target, objects, full);
        if (found === "no address") return false;
        for (const { object, unreachable, message } of found) {
            if (unreachable) this.options.log(`error: GatewayProxy ${target.key}: ${message}`);
            const hit = unreachable ? bound : [object && desired.get(object.path)?.outcome];
            for (const outcome of hit) if (outcome) failures.push([outcome, message]);
        }
        return found.length === 0;
    }

    /** Failed pushes, and those that failed before and do no more. */
    private async report(outcomes: Outcome[], failures: [Outcome, string][]): Promise<void> {
        const failing = new Map<string, string[]>();
        for (const [outcome, message] of failures) {
            const owner = ownerOf(outcome);
            if (TELLS_SYNC_FAILED.includes(outcome.kind)) failing.set(owner, [...(failing.get(owner) ?? []), message]);
        }
        for (const outcome of outcomes) {
            // What was refused says so already.
            if (outcome.conditions[0].status === "False") continue;
            const messages = failing.get(ownerOf(outcome));
            if (messages) {
                const message = messages.join("; ");
                const condition = { type: "Accepted", status: "False", reason: "SyncFailed", message } as const;
                await this.status.write(outcome.kind, outcome.resource, [condition]);
            } else if (this.failing.has(ownerOf(outcome))) {
                await this.status.write(outcome.kind, outcome.resource, outcome.conditions);
            }
        }
        this.failing = new Set(failing.keys());
    }
}

function ownerOf({ kind, resource }: Outcome): string {
    return `${kind} ${keyOf(resource)}`;
}
