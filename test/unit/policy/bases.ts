/** Stacks whose resources the cases of the rules change. */
import type { Seen } from "../../kit";
import { recordCloudflare } from "../cloudflare";
import { exposedInterSettings, interSettings, recordInter } from "../inter";
import { recordExposed, recordStack } from "../intra-a";

export type Base = "intra" | "graph" | "exposed" | "inter" | "interExposed" | "cloudflare";

export const BASES: Record<Base, () => Promise<Seen[]>> = {
    intra: () => recordStack("helm"),
    graph: () => recordStack("rampart"),
    exposed: () => recordExposed("helm"),
    inter: () => recordInter(interSettings("helm")),
    interExposed: () => recordInter(exposedInterSettings("rampart")),
    cloudflare: () =>
        recordCloudflare({
            zone: { name: "example.com", plan: "enterprise", manage: "create" },
            rateLimit: { requests: 60, perSeconds: 60, per: "client" },
        }),
};
