/** Route, upstreams and consumers as the project renders them and the ingress controller translates them. */
import { completionsUpstream, logprobsUpstream, renderUpstream } from "../../../../components/route/alpa-upstreams";
import type { ClassSettings } from "../../../../components/route/caller-classes";
import type { GuardSettings } from "../../../../components/route/request-guard";
import { renderRoute } from "../../../../components/route/route-rules";
import { renderConsumer, secretName } from "../../../../components/consumers/consumer";
import type { Limits } from "../../../../components/consumers/limits";
import type { ApisixObject } from "../../../../sandbox/ingress-controller/objects";
import { object, secret, translated } from "../../../../sandbox/test/ingress-controller/kit";

export const ADMIN_KEY = "test-admin-key";
const NAMESPACE = "llm";
const BINDING = { ingressClass: "apisix", gateway: "apisix", gatewayNamespace: "apisix" };

export interface StackObjects extends ClassSettings {
    guard: GuardSettings;
    /** Port of the only Alpa, on 127.0.0.1. */
    alpaPort: number;
    /** Names of consumers. The key of each consumer is `keyOf(name)`. */
    callers: string[];
    /** Limits of each consumer. @default none */
    limits?: Limits;
}

export function keyOf(caller: string): string {
    return `key-of-${caller}`;
}

/** Objects for the Admin API of a gateway. */
export function stackObjects({ guard, alpaPort, callers, limits = {}, ...classes }: StackObjects): ApisixObject[] {
    const alpa = { endpoints: [{ address: `127.0.0.1:${alpaPort}`, weight: 1 }], answerTimeoutSeconds: 60 };
    const route = renderRoute({
        namespace: NAMESPACE,
        guard,
        ingressClassName: BINDING.ingressClass,
        answerTimeoutSeconds: alpa.answerTimeoutSeconds,
        ownGateway: true,
        ...classes,
    });
    const consumers = callers.map((name) => {
        const consumer = { name, limits, credentials: [{ id: "k1", method: "key" as const }] };
        return [
            object("Consumer", name, renderConsumer(consumer, BINDING, NAMESPACE, classes.counters)),
            secret(secretName(name, "k1"), { key: keyOf(name) }),
        ];
    });
    const { outcomes } = translated(
        object("ApisixUpstream", "alpa-completions", completionsUpstream(alpa)),
        object("ApisixUpstream", "alpa-logprobs", logprobsUpstream(alpa)),
        object("ApisixUpstream", "alpa-nowhere", renderUpstream([{ address: "127.0.0.1:1", weight: 1 }], 5)),
        object("ApisixRoute", "alpa", route),
        ...consumers.flat(),
    );
    return outcomes.flatMap(({ objects }) => objects ?? []);
}
