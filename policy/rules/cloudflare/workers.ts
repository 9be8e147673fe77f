import { protectedNames } from "../../resources/cloudflare";
import { kindOf, type Resource } from "../../resources/resource";
import { UNKNOWN } from "../../resources/values";
import type { Rule } from "../rule";

export const workersOwn: Rule = {
    name: "workers-own",
    title: "Only a Worker of this stack gets requests, after Access has admitted them.",
    reason: "A Worker sees each prompt and each answer, and can send them anywhere. If a Worker answers a request itself, the connector does not check that request.",
    example: {
        type: "cloudflare:index/workersRoute:WorkersRoute",
        inputs: { pattern: "*example.com/*", script: "other" },
    },
    check: (resource) => (kindOf(resource) === "WorkersRoute" ? wholeName(resource.props) : []),
    checkStack: (resources) => {
        const of = (kind: string) => resources.filter((resource) => kindOf(resource) === kind);
        const scripts = of("WorkersScript").map(({ props }) => props.scriptName);
        const covered = protectedNames(resources);
        return of("WorkersRoute").flatMap(({ urn, props }) =>
            [...otherScript(props, scripts), ...otherName(props, covered)].map((message) => ({ urn, message })),
        );
    },
};

const WHOLE = /^[a-z0-9-]+(\.[a-z0-9-]+)+\/\*$/;

function wholeName({ pattern }: Resource["props"]): string[] {
    if (pattern === UNKNOWN || WHOLE.test(String(pattern))) return [];
    return [
        "pattern: must be one full host name followed by /*. With another pattern, requests pass no Worker or a different one.",
    ];
}

function otherScript({ script }: Resource["props"], scripts: unknown[]): string[] {
    if (script === UNKNOWN || scripts.includes(UNKNOWN) || scripts.includes(script)) return [];
    return ["script: must be a Worker of this stack. Remove the route, or name a Worker of this stack."];
}

function otherName({ pattern }: Resource["props"], covered: unknown[]): string[] {
    if (pattern === UNKNOWN || covered.includes(UNKNOWN)) return [];
    if (covered.some((hostname) => pattern === `${String(hostname)}/*`)) return [];
    return [
        "pattern: must be for a host name that this stack's Access application covers completely. Correct the pattern, or add the name to the application.",
    ];
}
