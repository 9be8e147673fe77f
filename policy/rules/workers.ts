import { at, kindOf, list, UNKNOWN, type Resource } from "./resource";
import type { Rule } from "./rule";

export const workersOwn: Rule = {
    name: "workers-own",
    title: "Requests pass a Worker of this stack alone, and Access before it.",
    reason: "A Worker sees each prompt and each answer, and may send them anywhere; what it answers by itself no connector has checked.",
    example: {
        type: "cloudflare:index/workersRoute:WorkersRoute",
        inputs: { pattern: "llm.example.com/*", script: "other" },
    },
    checkStack: (resources) => {
        const of = (kind: string) => resources.filter((resource) => kindOf(resource) === kind);
        const scripts = of("WorkersScript").map(({ props }) => props.scriptName);
        const covered = of("ZeroTrustAccessApplication").flatMap(({ props }) =>
            props.destinations === UNKNOWN ? [UNKNOWN] : list(props.destinations).map((one) => at(one, "uri")),
        );
        return of("WorkersRoute").flatMap(({ urn, props }) =>
            [...otherScript(props, scripts), ...otherName(props, covered)].map((message) => ({ urn, message })),
        );
    },
};

function otherScript({ script }: Resource["props"], scripts: unknown[]): string[] {
    if (script === UNKNOWN || scripts.includes(UNKNOWN) || scripts.includes(script)) return [];
    return ["script: must be a Worker of this stack. Remove the route, or name that one."];
}

function otherName({ pattern }: Resource["props"], covered: unknown[]): string[] {
    if (pattern === UNKNOWN || covered.includes(UNKNOWN)) return [];
    if (covered.some((hostname) => pattern === `${String(hostname)}/*`)) return [];
    return [
        "pattern: must be a name of the Access application of this stack and /* after it. Correct it, or add the name to the application.",
    ];
}
