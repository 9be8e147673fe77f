import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as cloudflare from "@pulumi/cloudflare";
import * as pulumi from "@pulumi/pulumi";
import { owner } from "../kubernetes/ownership";
import { serviceDescription } from "../alpa/service-description";
import type { Meaning } from "../meaning/plain";

/** Settings in the script of the Worker. */
export interface EdgeWorkerSettings {
    hostnames: string[];
    /** Path prefixes served in addition to Alpa's own paths. The service description shows only the first one. */
    prefixes: string[];
    /** Model that the Worker adds to requests that name no model. */
    model: string;
}

export interface EdgeWorkerArgs extends EdgeWorkerSettings {
    /** What it is, for the inputs of the component. */
    meaning: Meaning;
    account: string;
    zoneId: pulumi.Input<string>;
}

/**
 * Adds the model to requests that name no model, and answers GET with a description of the service. It is a Worker because
 * nothing else at the edge can change a body.
 */
export class EdgeWorker extends pulumi.ComponentResource {
    constructor(name: string, args: EdgeWorkerArgs, opts?: pulumi.ComponentResourceOptions) {
        super("alpa-auth:index:EdgeWorker", name, args.meaning, opts);
        const { account, zoneId, hostnames, prefixes, model } = args;
        const script = new cloudflare.WorkersScript(
            `${name}-script`,
            { accountId: account, scriptName: workerName(owner()), ...renderWorker({ hostnames, prefixes, model }) },
            { parent: this },
        );
        // Routes that the API creates fail closed: when the plan's limit of requests is exceeded, Cloudflare answers with
        // error 1027 instead of forwarding requests without the Worker.
        for (const hostname of hostnames)
            new cloudflare.WorkersRoute(
                // Named after its host name, so that the route stays the same if another one becomes the main one.
                `${name}-route-${hostname}`,
                { zoneId, pattern: `${hostname}/*`, script: script.scriptName },
                { parent: this },
            );
        this.registerOutputs({});
    }
}

/** Name of a stack's Worker. */
export function workerName(owner: string): string {
    return owner.toLowerCase().replace(/[^a-z0-9-]+/g, "-");
}

/** Compatibility date of Cloudflare's runtime. The script needs no later features. */
const COMPATIBILITY_DATE = "2026-01-01";
const MODULE = "worker.mjs";
/** The script. Its comments are removed, so that a change of a comment causes no diff in a running stack. */
const TEXT = readFileSync(join(__dirname, "edge-worker.mjs"), "utf8")
    .replace(/^ *(\/\/|\/\*\*).*\n/gm, "")
    .trimStart();

/** Inputs of the Worker, without its account and its name. */
export function renderWorker({ hostnames, prefixes, model }: EdgeWorkerSettings) {
    const settings = { hostnames, prefixes, model, description: serviceDescription(prefixes[0], model) };
    return {
        // JSON text is always a valid JavaScript literal.
        content: `const SETTINGS = ${JSON.stringify(settings)};\n\n${TEXT}`,
        mainModule: MODULE,
        compatibilityDate: COMPATIBILITY_DATE,
    };
}
