import { strict as assert } from "node:assert";
import { parse } from "../../../config";
import type { InterSettings } from "../../../config/options/inter";
import { inter } from "../../../stacks/inter";
import { record, type Seen } from "../../kit";
import { CALLS } from "./cloudflare";
import { CONSUMERS, EXPOSURE, raw } from "./intra-a";

export type InterInstaller = "rampart" | "helm";
export const INTER_INSTALLERS: InterInstaller[] = ["rampart", "helm"];

/** Required settings of a stack of option inter: the counters of limits, and the address for callers. */
const GATEWAY = { address: "llm.example.com", sharedCounters: { whenDown: "refuse" } };
const ALPA = { endpoints: ["10.0.0.11:20001", "10.0.0.12:20001"] };

/** A config of option inter. @param gateway keys that override those of GATEWAY */
export function interValues(values: Record<string, unknown> = {}, gateway: object = {}): Record<string, unknown> {
    return { option: "inter", alpa: ALPA, gateway: { ...GATEWAY, ...gateway }, consumers: CONSUMERS, ...values };
}

/** Validated settings of a stack of option inter. */
export function parseInter(
    values: Record<string, unknown>,
    ...rest: [isSecret?: () => boolean, today?: Date]
): InterSettings {
    const settings = parse(raw(values), ...rest);
    assert.ok(settings.option === "inter");
    return settings;
}

/** Validated settings of a stack of option inter with the given installer. */
export function interSettings(installer: InterInstaller, values: Record<string, unknown> = {}): InterSettings {
    const own = installer === "helm" ? { installer, crds: ["crds.yaml"] } : {};
    return parseInter(interValues(values, own));
}

/** Validated settings of a stack of option inter behind Cloudflare. */
export function exposedInterSettings(installer: InterInstaller): InterSettings {
    const own = installer === "helm" ? { installer, crds: ["crds.yaml"] } : {};
    const alpa = { ...ALPA, tokensPerSecond: 12 };
    return parseInter(interValues({ ...EXPOSURE, alpa }, { address: undefined, ...own }));
}

/** All resources of the stack. */
export function recordInter(settings: InterSettings): Promise<Seen[]> {
    return record(() => inter(settings), { "alpa-apisix-release": { status: { revision: 1 } } }, CALLS);
}
