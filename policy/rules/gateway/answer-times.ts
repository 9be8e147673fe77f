import { containersOf, podsOf } from "../../resources/pods";
import { kindOf, type Resource } from "../../resources/resource";
import { at, isOther, list, number, secondsOf, shown, UNKNOWN } from "../../resources/values";
import { isNowhere, longestAnswer, NOWHERE, rulesOf } from "../../resources/routes";
import type { Rule } from "../rule";

/** Shortest allowed timeout: APISIX's default. A stack may set a shorter timeout than the stack's default of 600 s. */
const LEAST_READ_SECONDS = 60;

/** The longest grace period that cloudflared accepts. Longer answers are interrupted. */
const MOST_GRACE_SECONDS = 180;

export const answersNotCut: Rule = {
    name: "answers-not-cut",
    title: `Routes and upstreams to Alpa allow ${LEAST_READ_SECONDS} s or more for an answer, and a stopping pod first finishes the answers in progress.`,
    reason: "Alpa sends nothing before an answer is complete: a shorter timeout wastes the GPU time and returns nothing.",
    example: {
        type: "kubernetes:apisix.apache.org/v2:ApisixUpstream",
        inputs: { kind: "ApisixUpstream", metadata: { name: "alpa-completions" }, spec: { retries: 0 } },
    },
    check: (resource) => [
        ...rulesOf(resource)
            .filter((rule) => !isNowhere(rule))
            .flatMap(({ where, props }) => times(props.timeout, `${where}.timeout`)),
        ...(isUpstream(resource) ? times(at(resource.props, "spec.timeout"), "spec.timeout") : []),
        ...graces(resource),
    ],
    checkStack: (resources) => [...shorterThanUpstream(resources), ...stoppedEarly(resources)],
};

/** Whether a resource is an upstream to Alpa. Upstream `alpa-nowhere` is not: the gateway answers its requests itself. */
export const isUpstream = (resource: Resource) =>
    kindOf(resource) === "ApisixUpstream" && isOther(at(resource.props, "metadata.name"), NOWHERE);

function times(timeout: unknown, where: string): string[] {
    if (timeout === UNKNOWN) return [];
    return ["connect", "send", "read"].flatMap((step) => {
        const time = at(timeout, step);
        const seconds = secondsOf(time);
        if (time === UNKNOWN) return [];
        if (seconds === undefined)
            return [`${where}.${step}: must be a time (got ${shown(time)}). Write for example 600s.`];
        return step === "read" && seconds < LEAST_READ_SECONDS
            ? [
                  `${where}.read: must be ${LEAST_READ_SECONDS}s or more (got ${shown(time)}). Set it to the longest answer time.`,
              ]
            : [];
    });
}

/** A timeout in a rule overrides the timeout of its upstream. */
function shorterThanUpstream(resources: Resource[]) {
    const reads = new Map(
        resources.filter(isUpstream).map((one) => [keyOf(one), secondsOf(at(one.props, "spec.timeout.read"))]),
    );
    return resources.flatMap((resource) =>
        rulesOf(resource).flatMap(({ where, props }) => {
            const read = at(props, "timeout.read");
            const longest = Math.max(
                0,
                ...list(props.upstreams).map((one) => reads.get(keyOf(resource, at(one, "name"))) ?? 0),
            );
            if (!((secondsOf(read) ?? Infinity) < longest)) return [];
            const message = `${where}.timeout.read: must be at least ${longest} s, the timeout of the upstream that it overrides (got ${shown(read)}). Raise it.`;
            return [{ urn: resource.urn, message }];
        }),
    );
}

function keyOf({ props }: Resource, name = at(props, "metadata.name")): string {
    return `${String(at(props, "metadata.namespace"))}/${String(name)}`;
}

/** Reports connectors whose grace period is shorter than the longest answer. */
function stoppedEarly(resources: Resource[]) {
    const longest = longestAnswer(resources);
    const least = Math.min(longest, MOST_GRACE_SECONDS);
    return resources.flatMap((resource) =>
        stops(resource).flatMap(({ where, grace }) =>
            grace < least
                ? [
                      {
                          urn: resource.urn,
                          message: `${where}.args: must have a --grace-period of at least ${least} s, for answers of up to ${longest} s (got ${grace} s). Raise it.`,
                      },
                  ]
                : [],
        ),
    );
}

/** Pods of connectors, with the seconds for which they finish answers after SIGTERM. */
function stops(resource: Resource) {
    return podsOf(resource).flatMap(({ spec, where }) => {
        const args = containersOf(spec, where).flatMap(({ container }) => list(container.args));
        const place = args.indexOf("--grace-period");
        const grace = place === -1 ? undefined : secondsOf(args[place + 1]);
        return grace === undefined ? [] : [{ spec, where, grace }];
    });
}

/** Checks that cloudflared accepts the grace period, and that Kubernetes does not kill the pod before its end. */
function graces(resource: Resource): string[] {
    return stops(resource).flatMap(({ spec, where, grace }) => {
        if (grace > MOST_GRACE_SECONDS)
            return [
                `${where}.args: must have a --grace-period of at most ${MOST_GRACE_SECONDS} s, or cloudflared does not start (got ${grace} s). Lower it.`,
            ];
        const { terminationGracePeriodSeconds: killed = 30 } = spec;
        if (killed === UNKNOWN || number(killed) > grace) return [];
        return [
            `${where}.terminationGracePeriodSeconds: must be longer than --grace-period, ${grace} s (got ${shown(killed)}). Raise it.`,
        ];
    });
}
