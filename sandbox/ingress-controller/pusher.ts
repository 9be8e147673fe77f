// Pushes objects to the Admin APIs of an APISIX. If it has several, each gets all objects.

import { AdminApi, unreachable, type Failure } from "./admin";
import type { Target } from "./gateway";
import type { ApisixObject } from "./objects";

/** Returns the URL of the Admin API behind a Service; undefined if there is none. */
export type ResolveAdmin = (service: {
    namespace: string;
    name: string;
    port: number | undefined;
}) => Promise<string | undefined>;

export class Pusher {
    constructor(
        private readonly resolveAdmin: ResolveAdmin,
        private readonly log: (line: string) => void,
    ) {}

    async push(target: Target, objects: ApisixObject[]): Promise<Failure[]> {
        const { admin, adminKey } = target;
        if ("service" in admin) {
            const { namespace, name, port } = admin.service;
            const address = `http://${name}.${namespace}.svc:${port}`;
            const url = await this.resolveAdmin(admin.service).catch((error: Error) => error);
            if (url === undefined) return [unreachable(address, new Error(`connect ECONNREFUSED ${name}:${port}`))];
            if (url instanceof Error) return [unreachable(address, url)];
            return this.to(url, adminKey, objects);
        }
        const failures: Failure[] = [];
        for (const url of admin.endpoints) failures.push(...(await this.to(url, adminKey, objects)));
        return failures;
    }

    private to(url: string, adminKey: string, objects: ApisixObject[]): Promise<Failure[]> {
        const withoutSlash = url.replace(/\/+$/, "");
        return new AdminApi(withoutSlash, adminKey, (line) => this.log(`${withoutSlash}: ${line}`)).sync(objects);
    }
}
