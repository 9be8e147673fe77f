// One APISIX may have several Admin APIs; each gets everything.

import { AdminApi, type Failure } from "./admin";
import type { Target } from "./gateway";
import type { ApisixObject } from "./objects";

/** The Admin API behind an in-cluster Service as a URL, or undefined while there is none. */
export type ResolveAdmin = (service: {
    namespace: string;
    name: string;
    port: number | undefined;
}) => Promise<string | undefined>;

export class Pusher {
    private readonly admins = new Map<string, { adminKey: string; api: AdminApi }>();

    constructor(
        private readonly resolveAdmin: ResolveAdmin,
        private readonly log: (line: string) => void,
    ) {}

    async push(target: Target, objects: ApisixObject[], full: boolean): Promise<Failure[] | "no address"> {
        const urls = await this.urls(target);
        if (urls.length === 0) {
            this.log(`GatewayProxy ${target.key}: there is no Admin API yet; trying again`);
            return "no address";
        }
        const failures: Failure[] = [];
        for (const url of urls) {
            const id = `${target.key} ${url}`;
            const known = this.admins.get(id);
            const isKnown = known?.adminKey === target.adminKey;
            const log = (line: string) => this.log(`${url}: ${line}`);
            const api = known && isKnown ? known.api : new AdminApi(url, target.adminKey, log);
            this.admins.set(id, { adminKey: target.adminKey, api });
            failures.push(...(await api.sync(objects, full || !isKnown)));
        }
        return failures;
    }

    private async urls({ admin, key }: Target): Promise<string[]> {
        const withoutSlash = (url: string) => url.replace(/\/+$/, "");
        if ("endpoints" in admin) return admin.endpoints.map(withoutSlash);
        try {
            const url = await this.resolveAdmin(admin.service);
            return url === undefined ? [] : [withoutSlash(url)];
        } catch (error) {
            this.log(`GatewayProxy ${key}: ${(error as Error).message}`);
            return [];
        }
    }
}
