import { strict as assert } from "node:assert";
import type { SharedGateway } from "../../../components/consumers/shared-gateway";
import { parse } from "../../../config";
import type { CallersSettings } from "../../../config/options/callers/settings";
import { callers } from "../../../stacks/callers";
import { record, type Seen } from "../../kit";
import { CONSUMERS, raw } from "./intra-a";

/** The stack that created the gateway. */
export const MAIN = "organization/alpa-auth/intra";

/** Output `gateway` of that stack. */
export const GATEWAY: SharedGateway = {
    namespace: "alpa-auth",
    binding: { ingressClass: "alpa-auth", gateway: "alpa-auth", gatewayNamespace: "alpa-auth-gateway-apisix" },
    replicas: 1,
    url: "http://10.0.0.11:30800/alpa",
    answerTimeoutSeconds: 600,
};

export const COUNTERS = {
    host: "alpa-auth-counters.alpa-auth.svc.cluster.local",
    whenDown: "refuse" as const,
    timeoutMilliseconds: 100,
    answerTimeoutSeconds: 600,
};

/** A config of option callers, as Pulumi passes it. */
export const rawCallers = (values: Record<string, unknown> = {}) =>
    raw({ option: "callers", alpa: undefined, of: MAIN, consumers: CONSUMERS, ...values });

export function callersSettings(values: Record<string, unknown> = {}, today?: Date): CallersSettings {
    const settings = parse(rawCallers(values), undefined, today);
    assert.ok(settings.option === "callers");
    return settings;
}

/** All resources of the stack. */
export function recordCallers(gateway = GATEWAY, values: Record<string, unknown> = {}): Promise<Seen[]> {
    return record(() => callers({ ...callersSettings(values), gateway }));
}
